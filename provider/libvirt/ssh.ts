import { spawn } from "node:child_process";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { hostClock } from "../deadline.ts";
import { foreignText } from "../foreign-text.ts";
import { writeWithBackPressure } from "./back-pressure.ts";
import type { Channel } from "./channel.ts";
import { ConnectionError } from "./errors.ts";
import { hostOf, type LibvirtUri } from "./uri.ts";

/** The program on the remote host: virt-ssh-helper (`native`) or netcat. */
export type RemoteProxy = "native" | "netcat";

/** The exit status of a POSIX shell for a command that it doesn't find. */
const COMMAND_NOT_FOUND = 127;
/** How long ssh's last output is waited for after its end. */
const LATE_OUTPUT_MS = 200;
/** The characters of ssh's standard error that are kept. */
const STDERR_MAX = 2000;
/**
 * The folder of the system daemon's sockets on the remote host, for netcat. Not /run: hosts that have it link /var/run to
 * it, and older ones only have /var/run.
 */
const REMOTE_FOLDER = "/var/run/libvirt";

export interface SshChannel extends Channel {
  /** Whether it ended because the remote host doesn't have the program. */
  proxyMissing(): boolean;
}

/**
 * The programs to try on the remote host, in this order. libvirt's rule: virt-ssh-helper doesn't take the path of a socket,
 * and netcat doesn't know where a session daemon listens. Before libvirt 6.8 there is no virt-ssh-helper.
 */
export function remoteProxies({ name, options }: LibvirtUri): [RemoteProxy, ...RemoteProxy[]] {
  if (options.proxy === "native" || options.proxy === "netcat") return [options.proxy];
  if (options.socket !== undefined) return ["netcat"];
  return name === "qemu:///session" ? ["native"] : ["native", "netcat"];
}

/** The local ssh and its arguments. The last one is quoted for the login shell of the remote host. */
export function sshCommand(uri: LibvirtUri, proxy: RemoteProxy): { program: string; args: string[] } {
  const { keyfile, noVerify, command } = uri.options;
  // BatchMode: the provider has no terminal, so a prompt would only run into the deadline.
  const args = ["-T", "-e", "none", "-o", "BatchMode=yes"];
  if (noVerify) args.push("-o", "StrictHostKeyChecking=accept-new");
  if (uri.port !== undefined) args.push("-p", String(uri.port));
  if (uri.user !== undefined) args.push("-l", uri.user);
  if (keyfile !== undefined) args.push("-i", keyfile);
  args.push("--", hostOf(uri), remoteCommand(uri, proxy).map(shellQuoted).join(" "));
  return { program: command ?? "ssh", args };
}

function remoteCommand({ name, options }: LibvirtUri, proxy: RemoteProxy): string[] {
  const { mode, socket, netcat } = options;
  if (proxy === "native") return ["virt-ssh-helper", mode === undefined ? name : `${name}?mode=${mode}`];
  const daemon = mode === "direct" ? "virtqemud-sock" : "libvirt-sock";
  return [netcat ?? "nc", "-U", socket ?? `${REMOTE_FOLDER}/${daemon}`];
}

function shellQuoted(word: string): string {
  return /^[A-Za-z0-9_/.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function openSsh(uri: LibvirtUri, proxy: RemoteProxy): SshChannel {
  const { program, args } = sshCommand(uri, proxy);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
  const { stdin, stdout, stderr } = child;
  let errorOutput = "";
  let failure: string | undefined;
  let answered = false;
  // First of all: an error event without a listener would end this process.
  child.on("error", (error: NodeJS.ErrnoException) => {
    failure =
      error.code === "ENOENT" ? `the program "${program}" doesn't exist on this machine` : error.message;
  });
  // Node gives no streams to a process that it had no file descriptors for (EMFILE), though its types say otherwise.
  if ((stdin as Writable | undefined) === undefined)
    throw new ConnectionError(`cannot start "${program}": too many open files in this process`);
  // A broken pipe also ends the process, which gives the better message.
  for (const stream of [stdin, stdout, stderr]) stream.on("error", () => undefined);
  stderr.setEncoding("utf8").on("data", (text: string) => {
    errorOutput = (errorOutput + text).slice(-STDERR_MAX);
  });
  stdout.once("data", () => {
    answered = true;
  });
  child.once("exit", () => {
    // Whatever ssh leaves behind (a master connection with ControlPersist) may keep the pipes open.
    void hostClock.sleep(LATE_OUTPUT_MS, undefined, { ref: false }).then(() => {
      stdout.destroy();
      stderr.destroy();
    });
  });
  child.unref();
  for (const stream of [stdin, stdout, stderr]) if (stream instanceof Socket) stream.unref();
  return {
    target: `the libvirt daemon at ${hostOf(uri)} through ssh`,
    write: writeWithBackPressure(stdin, stdout),
    onData: (listener) => void stdout.on("data", listener),
    onEnd: (listener) =>
      void child.once("close", (status, signal) =>
        listener(failure ?? (explain(errorOutput) || `ssh ended with ${signal ?? `status ${status}`}`)),
      ),
    destroy() {
      stdin.destroy();
      stdout.destroy();
      child.kill();
    },
    proxyMissing: () => !answered && child.exitCode === COMMAND_NOT_FOUND,
  };
}

/** What would work after ssh's own messages (OpenSSH doesn't translate them); the first that fits. */
const HINTS: [message: RegExp, hint: string][] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    "the host has another key than known_hosts: if that is right, remove the old one (ssh-keygen -R); no_verify doesn't accept it",
  ],
  [
    /Host key verification failed/,
    "the host's key is unknown: add it to known_hosts (connect once with ssh), or accept it with no_verify=1",
  ],
  [
    /Permission denied/,
    "ssh must be able to log in without a question: give it a key (option keyfile, or ssh's agent)",
  ],
];

function explain(output: string): string {
  const hint = HINTS.find(([message]) => message.test(output))?.[1];
  // Without the frame of the warning about a changed key.
  const text = foreignText(output.replace(/@{2,}|@ +WARNING: | +@(?=\s)/g, ""));
  return hint === undefined ? text : `${text.replace(/\.$/, "")}; ${hint}`;
}
