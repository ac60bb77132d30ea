import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import type { Project } from "../stack/project.ts";
import { heldPipe } from "./held-pipe.ts";

/**
 * Becomes the host, after leaving a watcher in the same process group that blocks on descriptor 3. The engine holds
 * the other end: when it closes, be it by `kill -9` of the engine, the watcher kills the group and itself.
 */
const GUARD = `
(read -r _ <&3; kill -KILL 0) </dev/null >/dev/null 2>&1 &
exec "$@" 3<&-`;

/**
 * Where Node keeps the hosts' compiled code, which saves them a third of their start. A folder for each host: they set
 * V8's flags at different moments, and code that was compiled under other flags is of no use.
 */
const COMPILED = join(import.meta.dirname, "../../../.cache/compiled");
const KEEP_COMPILED = join(import.meta.dirname, "keep-compiled.cjs");

/** Between an interrupt and a kill; the CLI allows as much. */
const GRACE_MS = 5000;

/** One of @pulumi/pulumi's own hosts, as installed for the program. */
export function pulumiHost(options: {
  project: Project;
  entry: string;
  args: string[];
  env: Record<string, string | undefined>;
}): HostProcess {
  const { project, entry, args, env } = options;
  const { NODE_COMPILE_CACHE = join(COMPILED, basename(entry)), NODE_OPTIONS = "" } = env;
  const script = createRequire(join(project.dir, "package.json")).resolve(entry);
  return new HostProcess({
    command: process.execPath,
    args: [script, ...args],
    cwd: project.dir,
    env: { ...env, NODE_COMPILE_CACHE, NODE_OPTIONS: `${NODE_OPTIONS} --require "${KEEP_COMPILED}"` },
    holdsStdin: false,
  });
}

/** A host in a process group of its own. */
export class HostProcess {
  readonly exited: Promise<number>;
  private readonly child: ChildProcess;
  private hasExited = false;

  constructor(options: {
    command: string;
    args: string[];
    cwd: string;
    env: Record<string, string | undefined>;
    /** Whether its standard input is a pipe that this process holds open, rather than nothing. */
    holdsStdin: boolean;
  }) {
    const { command, args, cwd, env, holdsStdin } = options;
    const stdin = holdsStdin ? heldPipe() : undefined;
    this.child = spawn("/bin/sh", ["-c", GUARD, "sh", command, ...args], {
      ...{ cwd, env },
      detached: true,
      stdio: [stdin?.readEnd ?? "ignore", "pipe", "pipe", "pipe"],
    });
    stdin?.handedOver();
    this.exited = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("exit", (code) => {
        this.hasExited = true;
        stdin?.close();
        this.kill();
        // Output can arrive after the exit; "close" comes when all of it has been read.
        this.child.once("close", () => resolve(code ?? -1));
      });
    });
    this.exited.catch(() => {});
  }

  get stdout(): Readable {
    return outputOf(this.child.stdout);
  }

  get stderr(): Readable {
    return outputOf(this.child.stderr);
  }

  /** Interrupts the host, and after five seconds kills it and what it started. */
  async stop(): Promise<void> {
    if (!this.hasExited) this.child.kill("SIGINT");
    await this.exitedOrKilled();
  }

  async exitedOrKilled(): Promise<void> {
    const timer = setTimeout(() => this.kill(), GRACE_MS);
    await this.exited.catch(() => {});
    clearTimeout(timer);
  }

  /** The host, if it runs yet, and all that it started and left behind. */
  kill(): void {
    this.child.stdio[3]?.destroy();
  }
}

function outputOf(stream: Readable | null): Readable {
  if (!stream) throw new Error("the host was started without pipes");
  return stream;
}
