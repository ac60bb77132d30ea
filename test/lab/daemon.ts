import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { run } from "./command.ts";
import { type DaemonProgram, daemonProgram } from "./daemon-program.ts";
import type { User } from "./folder.ts";
import { startTime } from "./processes.ts";
import { waitUntil } from "./wait-until.ts";

/** An unprivileged libvirtd whose every file lies in one folder. */
export interface Daemon {
  readonly uri: string;
  /** Where libvirt keeps each running domain's pid file. */
  readonly pidFiles: string;
  /** The process with a pid of such a file, by its pid here; undefined where it has ended. */
  processOf(pid: number): number | undefined;
  /** Where it keeps what it found out about QEMU. */
  readonly capabilities: string;
  /** Its libvirtd.conf, which it reads at its start. There may be none. */
  readonly settings: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  virsh(...args: string[]): Promise<string>;
}

// libvirtd lies in /usr/sbin, which is not on every user's PATH.
export const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** @param args libvirtd's own */
export function privateDaemon(folder: string, user: User, args: readonly string[] = []): Daemon {
  const runtime = join(folder, "run");
  const config = join(folder, "c");
  const cache = join(folder, "cache");
  const capabilities = join(cache, "libvirt", "qemu", "cache", "capabilities");
  const home = join(folder, "home");
  const log = join(folder, "libvirtd.log");
  const socket = join(runtime, "libvirt", "libvirt-sock");
  const uri = `qemu:///session?socket=${socket}`;
  const env = {
    PATH,
    LC_ALL: "C.UTF-8",
    HOME: home,
    XDG_RUNTIME_DIR: runtime,
    XDG_CONFIG_HOME: config,
    XDG_CACHE_HOME: cache,
    XDG_DATA_HOME: join(home, "data"),
  };

  for (const path of [runtime, config, join(config, "libvirt"), home, ...steps(folder, capabilities)]) {
    mkdirSync(path, { mode: 0o700 });
    chownSync(path, user.uid, user.gid);
  }
  const qemuSettings = join(config, "libvirt", "qemu.conf");
  // Consoles are written by QEMU itself: no virtlogd is there.
  writeFileSync(qemuSettings, 'stdio_handler = "file"\n');
  chownSync(qemuSettings, user.uid, user.gid);

  const program = daemonProgram({ args, user, env, log });

  async function start(): Promise<void> {
    program.start();
    await listening(socket, log, program);
  }

  return {
    uri,
    pidFiles: join(runtime, "libvirt", "qemu", "run"),
    processOf: (pid) => (startTime(pid) === undefined ? undefined : pid),
    capabilities,
    settings: join(config, "libvirt", "libvirtd.conf"),
    start,
    stop: program.stop,
    // As the user who runs the tests: it has to read their files.
    virsh: (...args) => run("virsh", ["--quiet", "--connect", uri, ...args], { env }),
  };
}

/** Waits until the daemon listens. */
export async function listening(socket: string, log: string, program: DaemonProgram): Promise<void> {
  await waitUntil(
    `libvirtd to listen on ${socket}`,
    async () => {
      const { failure } = program;
      if (failure !== undefined)
        throw new Error(`Unable to start the lab's libvirtd: ${failure}\n${tail(log)}`);
      return listens(socket);
    },
    { seen: () => tail(log) },
  );
}

/** The folders that lead from one folder down to another, that one included. */
function steps(from: string, to: string): string[] {
  return to === from ? [] : [...steps(from, dirname(to)), to];
}

function listens(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once("connect", () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", () => resolve(false));
  });
}

function tail(log: string): string {
  return readFileSync(log, "utf8").split("\n").slice(-20).join("\n");
}
