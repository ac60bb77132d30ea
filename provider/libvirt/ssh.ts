import { spawn } from "node:child_process";
import { Socket } from "node:net";
import type { Channel } from "./channel.ts";
import type { LibvirtUri } from "./uri.ts";

/** What runs at the far end. */
export type RemoteProxy = "native" | "netcat";

/** What a POSIX shell says of a command that it does not find. */
const COMMAND_NOT_FOUND = 127;
/** How much of what ssh complains about is kept. */
const STDERR_MAX = 2000;
/**
 * Where the system daemon's sockets are on the far host, for netcat. Not /run: every host that has it
 * links /var/run to it, and older ones have /var/run alone.
 */
const REMOTE_FOLDER = "/var/run/libvirt";

export interface SshChannel extends Channel {
  /** Whether it ended because the far end has no such proxy. */
  proxyMissing(): boolean;
}

/**
 * What to ask the far end for, in this order. libvirt's rule: virt-ssh-helper does not take the path of a
 * socket, and netcat does not know where a session daemon listens. Hosts with a libvirt older than 6.8 have
 * no virt-ssh-helper.
 */
export function remoteProxies({ name, options }: LibvirtUri): [RemoteProxy, ...RemoteProxy[]] {
  if (options.proxy === "native" || options.proxy === "netcat") return [options.proxy];
  if (options.socket !== undefined) return ["netcat"];
  return name === "qemu:///session" ? ["native"] : ["native", "netcat"];
}

/** The local ssh and its arguments. The last one is for the far end's login shell, hence quoted for it. */
export function sshCommand(uri: LibvirtUri, proxy: RemoteProxy): { program: string; args: string[] } {
  const { keyfile, noVerify, command } = uri.options;
  // BatchMode: a provider has no terminal to ask on, and a question there would only run into the deadline.
  const args = ["-T", "-e", "none", "-o", "BatchMode=yes"];
  if (noVerify) args.push("-o", "StrictHostKeyChecking=accept-new");
  if (uri.port !== undefined) args.push("-p", String(uri.port));
  if (uri.user !== undefined) args.push("-l", uri.user);
  if (keyfile !== undefined) args.push("-i", keyfile);
  args.push("--", host(uri), remoteCommand(uri, proxy).map(shellQuoted).join(" "));
  return { program: command ?? "ssh", args };
}

function remoteCommand({ name, options }: LibvirtUri, proxy: RemoteProxy): string[] {
  const { mode, socket, netcat } = options;
  if (proxy === "native") return ["virt-ssh-helper", mode === undefined ? name : `${name}?mode=${mode}`];
  const daemon = mode === "direct" ? "virtqemud-sock" : "libvirt-sock";
  return [netcat ?? "nc", "-U", socket ?? `${REMOTE_FOLDER}/${daemon}`];
}

/** For ssh: IPv6 without brackets, its zone's percent sign unescaped. */
function host(uri: LibvirtUri): string {
  return uri.host?.replace(/^\[(.*)\]$/, "$1").replace("%25", "%") ?? "localhost";
}

function shellQuoted(word: string): string {
  return /^[A-Za-z0-9_/.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function openSsh(uri: LibvirtUri, proxy: RemoteProxy): SshChannel {
  const { program, args } = sshCommand(uri, proxy);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
  const { stdin, stdout, stderr } = child;
  let complaint = "";
  let failure: string | undefined;
  let answered = false;
  stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-STDERR_MAX);
  });
  stdout.once("data", () => {
    answered = true;
  });
  child.on("error", (error: NodeJS.ErrnoException) => {
    failure = error.code === "ENOENT" ? `there is no program «${program}» on this machine` : error.message;
  });
  // A broken pipe shows as the end of the process, which has the better words.
  stdin.on("error", () => undefined);
  child.unref();
  for (const stream of [stdin, stdout, stderr]) if (stream instanceof Socket) stream.unref();
  return {
    target: `the libvirt daemon at ${host(uri)} through ssh`,
    write: (bytes) => void stdin.write(bytes),
    onData: (listener) => void stdout.on("data", listener),
    onEnd: (listener) =>
      void child.once("close", (status, signal) =>
        listener(failure ?? (oneLine(complaint) || `ssh ended with ${signal ?? `status ${status}`}`)),
      ),
    destroy() {
      stdin.destroy();
      stdout.destroy();
      child.kill();
    },
    proxyMissing: () => !answered && child.exitCode === COMMAND_NOT_FOUND,
  };
}

/** The far end's words go into an error message: no line breaks, no escape sequences for the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
}
