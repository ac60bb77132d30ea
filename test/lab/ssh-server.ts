import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { run } from "./command.ts";
import type { Lab } from "./lab.ts";
import { freePort } from "./network.ts";
import { startTime } from "./processes.ts";
import { unpackedPrograms } from "./unpacked-programs.ts";
import { waitUntil } from "./wait-until.ts";

/** A real sshd in a lab, on the loopback interface: its only user is the lab's, with a key of its own. */
export interface SshServer {
  readonly port: number;
  /** `qemu+ssh://lab@127.0.0.1:<port>/session`, to which `client` adds how to log in. */
  readonly uri: string;
  /** Path of the netcat on the server. */
  readonly netcat: string;
  /** Path of the private key that may log in. */
  readonly key: string;
  /** The line of a known_hosts file for this server. */
  readonly knownHost: string;
  /** Makes an ssh program with a configuration of its own, for the URI option `command`. */
  client(name: string, options: { knownHosts: string; key?: string }): SshClient;
  /** Ends the server's part of every session, as a network that breaks. */
  dropSessions(): void;
  stop(): Promise<void>;
}

export interface SshClient {
  readonly command: string;
  readonly knownHosts: string;
}

/** A key of ssh-keygen; its path. */
export async function makeKey(path: string): Promise<string> {
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", path]);
  return path;
}

/** @param command what runs instead of the command that a client asks for (`ForceCommand`) */
export async function startSshServer(lab: Lab, name: string, command?: string): Promise<SshServer> {
  const root = await unpackedPrograms(["openssh-server", "netcat-openbsd", "libnss-wrapper"]);
  const libraries = libraryFolders(root);
  const folder = join(lab.dir, name);
  mkdirSync(folder, { mode: 0o755 });
  const owned = (file: string, content: string) => {
    const path = join(folder, file);
    writeFileSync(path, content);
    chownSync(path, lab.user.uid, lab.user.gid);
    return path;
  };
  const port = await freePort();
  const [hostKey, key] = await Promise.all([
    makeKey(join(folder, "host_key")),
    makeKey(join(folder, "client_key")),
  ]);
  chownSync(hostKey, lab.user.uid, lab.user.gid);
  const { uid, gid } = lab.user;
  const accounts = {
    LD_PRELOAD: libraries.find("libnss_wrapper.so"),
    // An account with a shell and a home, whoever the lab's user is: sshd asks for it by name.
    NSS_WRAPPER_PASSWD: owned("passwd", `lab:x:${uid}:${gid}::${folder}:/bin/sh\n`),
    NSS_WRAPPER_GROUP: owned("group", `lab:x:${gid}:\n`),
  };
  const runtime = join(lab.dir, "run");
  const settings = owned(
    "sshd_config",
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKey}`,
      "PidFile none",
      `AuthorizedKeysFile ${owned("authorized_keys", readFileSync(`${key}.pub`, "utf8"))}`,
      "AuthenticationMethods publickey",
      // The folder may be in one that others can write to, such as /tmp.
      "StrictModes no",
      "UsePAM no",
      `SetEnv XDG_RUNTIME_DIR=${runtime} LD_LIBRARY_PATH=${libraries.path}`,
      ...(command === undefined ? [] : [`ForceCommand ${command}`]),
      "",
    ].join("\n"),
  );
  const log: Buffer[] = [];
  const sshd = spawn(join(root, "usr/sbin/sshd"), ["-D", "-e", "-f", settings], {
    ...lab.user,
    cwd: folder,
    env: { PATH: "/usr/bin:/bin", HOME: folder, LD_LIBRARY_PATH: libraries.path, ...accounts },
    stdio: ["ignore", "ignore", "pipe"],
  });
  sshd.stderr?.on("data", (chunk: Buffer) => log.push(chunk));
  if (sshd.pid !== undefined) lab.register(sshd.pid);
  await waitUntil(`sshd to listen on port ${port}`, () => listens(port, sshd), {
    seen: () => Buffer.concat(log).toString(),
  });
  const [type, publicKey] = readFileSync(`${hostKey}.pub`, "utf8").split(" ");
  return {
    port,
    uri: `qemu+ssh://lab@127.0.0.1:${port}/session`,
    netcat: join(root, "bin/nc.openbsd"),
    key,
    knownHost: `[127.0.0.1]:${port} ${type} ${publicKey}\n`,
    client(clientName, { knownHosts, key: identity }) {
      const path = join(folder, clientName);
      writeFileSync(`${path}.known_hosts`, knownHosts);
      writeFileSync(
        `${path}.config`,
        [
          `UserKnownHostsFile ${path}.known_hosts`,
          "GlobalKnownHostsFile /dev/null",
          "IdentityAgent none",
          "IdentitiesOnly yes",
          `IdentityFile ${identity ?? "none"}`,
          "",
        ].join("\n"),
      );
      // Without a configuration of its own, ssh would use and change that of the user who runs the tests.
      writeFileSync(path, `#!/bin/sh\nexec ssh -F '${path}.config' "$@"\n`);
      chmodSync(path, 0o755);
      return { command: path, knownHosts: `${path}.known_hosts` };
    },
    dropSessions() {
      const sessions = descendantsOf(sshd.pid ?? 0);
      if (sessions.length === 0) throw new Error("the sshd has no session");
      for (const pid of sessions) endProcess(pid);
    },
    async stop() {
      if (sshd.exitCode !== null || sshd.signalCode !== null) return;
      sshd.kill();
      await once(sshd, "exit");
    },
  };
}

function libraryFolders(root: string) {
  const folders = ["lib", "usr/lib"].flatMap((parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.endsWith("-linux-gnu"))
      .map(({ name }) => join(root, parent, name)),
  );
  return {
    path: folders.join(":"),
    find(file: string): string {
      const folder = folders.find((each) => readdirSync(each).includes(file));
      if (folder === undefined) throw new Error(`${file} is not in ${folders.join(", ")}`);
      return join(folder, file);
    },
  };
}

/** sshd has two processes for each session, and the last one is the program that the client asked for. */
function descendantsOf(ancestor: number): number[] {
  const parents = new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && startTime(Number(name)) !== undefined)
      .map((name) => [Number(name), parentOf(Number(name))]),
  );
  const below = (pid: number): number[] =>
    [...parents].filter(([, parent]) => parent === pid).flatMap(([child]) => [child, ...below(child)]);
  return below(ancestor);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    // It ended by itself.
    return undefined;
  }
}

function listens(port: number, { exitCode }: ChildProcess): Promise<boolean> {
  if (exitCode !== null) throw new Error(`sshd ended with status ${exitCode}`);
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended with another one of its session.
  }
}
