import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable, type Writable } from "node:stream";
import type { User } from "./folder.ts";

/** libvirtd as a process, which can be ended and started again. */
export interface DaemonProgram {
  start(): void;
  stop(): Promise<void>;
  /** Why it doesn't run any more, since the last start; undefined while it does. */
  readonly failure: string | undefined;
  /** The process below which libvirtd runs: with `within`, the first one of its namespaces. Undefined before the first start. */
  readonly pid: number | undefined;
}

/** Part of every Debian. */
const PERL = "/usr/bin/perl";
/** As text: the daemon's user may not be able to read this repository. */
const REAPER = readFileSync(join(import.meta.dirname, "reaper.pl"), "utf8");

const PATIENCE_MS = 10_000;

interface Options {
  /** What runs the program that its arguments name, which is the reaper. It passes no signals on. */
  within?: readonly string[];
  /** libvirtd's arguments. */
  args?: readonly string[];
  user: User;
  env: Record<string, string>;
  /** A file for what it prints. */
  log: string;
}

/** libvirtd below a reaper of its own, which stays while it is restarted; see reaper.pl. */
export function daemonProgram(options: Options): DaemonProgram {
  let reaper: ChildProcess | undefined;
  let failure: string | undefined;
  let ended = Promise.withResolvers<void>();
  ended.resolve();
  const end = (why: string) => {
    failure ??= `libvirtd ended with ${why}`;
    ended.resolve();
  };

  const open = (): ChildProcess => {
    const started = spawnDetached(options);
    started.once("error", (error) => end(error.message));
    started.once("exit", (status, signal) => {
      if (reaper === started) reaper = undefined;
      end(signal ?? `status ${status}`);
    });
    const statuses = started.stdio[3];
    if (statuses instanceof Readable) {
      createInterface(statuses).on("line", end);
      unref(statuses);
    }
    // A reaper that is gone has said so by its exit.
    started.stdin?.on("error", () => {});
    unref(started.stdin);
    return started;
  };

  const firstPid = (running: ChildProcess) =>
    options.within === undefined ? pidOf(running) : childOf(running);

  return {
    get failure() {
      return failure;
    },
    get pid() {
      return reaper && firstPid(reaper);
    },
    start: () => {
      failure = undefined;
      ended = Promise.withResolvers<void>();
      reaper ??= open();
      reaper.stdin?.write("start\n");
    },
    stop: async () => {
      const running = reaper;
      if (running === undefined) return;
      running.ref();
      process.kill(firstPid(running), "SIGTERM");
      const patience = setTimeout(() => killGroup(running), PATIENCE_MS);
      await ended.promise;
      clearTimeout(patience);
      running.unref();
    },
  };
}

/** In a session of its own, so that Ctrl-C on a test reaches it only through the lab's end. */
function spawnDetached({ within = [], args: daemonArgs = [], user, env, log }: Options): ChildProcess {
  const output = openSync(log, "a");
  const reaper = existsSync(PERL) ? [PERL, "-e", REAPER] : [];
  const [program = "", ...args] = [...within, ...reaper, "libvirtd", ...daemonArgs];
  const started = spawn(program, args, {
    ...user,
    env,
    stdio: ["pipe", output, output, "pipe"],
    detached: true,
  });
  closeSync(output);
  started.unref();
  return started;
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("the process has not started");
  return pid;
}

/** The first process of the namespaces that `unshare` made. */
function childOf(unshare: ChildProcess): number {
  const pid = pidOf(unshare);
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0]);
}

/** Keeps a pipe from holding this process. */
function unref(stream: Readable | Writable | null): void {
  if (stream !== null && "unref" in stream && typeof stream.unref === "function") stream.unref();
}

/** libvirtd and its reaper; a QEMU has a session of its own. */
function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, "SIGKILL");
}
