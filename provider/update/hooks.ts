import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { HookInput } from "../args/inputs.ts";
import { DEFAULT_HOOK_TIMEOUT } from "../args/limits.ts";
import type { Patience } from "../deadline.ts";
import { parseXml } from "../domain/parse.ts";
import { readDevices } from "../domain/read.ts";
import type { MemoryDevice } from "../domain/state.ts";
import { type Element, element } from "../domain/tree.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import { messageOf, QuotingError } from "../message-of.ts";
import { formatMib } from "../units/size.ts";

/** The most that a hook may print, in bytes: the XML of a device has a few hundred. */
const MOST_OUTPUT = 64 * 1024;

/** The most of a hook's standard error that its failure has: the end. */
const MOST_ERROR = 4 * 1024;

export interface HookContext {
  domain: DomainRef;
  uri: string;
  /** How long a hook of that time limit is waited for. */
  patience: (seconds: number) => Patience;
  /** What the hook inherits. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** A hook failed. It names the program without its arguments, and quotes what that wrote to standard error. */
class HookError extends QuotingError {
  readonly withoutQuotes: string;

  constructor(message: string, withoutQuotes: string) {
    super(message);
    this.withoutQuotes = `${withoutQuotes}; what it wrote isn't shown, because it may quote a secret argument`;
  }

  static quoting(what: string, quoted: string): HookError {
    return new HookError(`${what}${quoted && `: ${quoted}`}`, what);
  }
}

/**
 * Runs a hook: the program with its arguments, without a shell, the device's XML on standard input, and the domain in the
 * environment (HOTPLUG_DOMAIN, HOTPLUG_UUID, HOTPLUG_URI).
 *
 * @returns what it printed
 * @throws Cancelled when the run is cancelled: the hook is ended
 * @throws HookError with its standard error when it fails, prints too much, or takes longer than its time-out
 */
export async function runHook(hook: HookInput, xml: string, context: HookContext): Promise<string> {
  const { domain, uri, environment } = context;
  const { deadline, text } = context.patience(hook.timeout ?? DEFAULT_HOOK_TIMEOUT);
  deadline.throwIfAborted();
  const [program = "", ...args] = hook.command;
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(program, args, {
      // In a process group of its own, which is killed as a whole: libraries kill only the program, not what it started.
      detached: true,
      env: { ...environment, HOTPLUG_DOMAIN: domain.name, HOTPLUG_UUID: domain.uuid, HOTPLUG_URI: uri },
      stdio: ["pipe", "pipe", "pipe"],
    });
  } catch (error) {
    throw HookError.quoting(`the program ${program} can't be run`, messageOf(error));
  }
  const output = new Output(child, program);
  // It ends with its output: what it started may still write.
  const ended = new Promise<string>((resolve, reject) => {
    // First: where no process could be started, the child has no streams, and only this is told.
    child.on("error", (error) =>
      reject(HookError.quoting(`the program ${program} can't be run`, error.message)),
    );
    child.on("close", (code, signal) => {
      output.isClosed = true;
      try {
        resolve(output.complete(code, signal));
      } catch (error) {
        reject(error);
      }
    });
    output.read(reject);
    // A hook need not read its input.
    child.stdin?.on("error", () => {});
    child.stdin?.end(xml);
  });
  try {
    const late = () => output.failure(`did not end within ${text}`);
    return await deadline.race(ended, late);
  } finally {
    if (!output.isClosed) end(child);
  }
}

/** Ends a hook. What has left its process group lives on, but nothing here waits for it. */
function end(child: ChildProcessWithoutNullStreams): void {
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
  child.unref();
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is empty.
  }
}

/** What a hook writes. */
class Output {
  /** The hook has ended, and so has everything that could write. */
  isClosed = false;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #program: string;
  readonly #printed: Buffer[] = [];
  #size = 0;
  #error = Buffer.alloc(0);

  constructor(child: ChildProcessWithoutNullStreams, program: string) {
    this.#child = child;
    this.#program = program;
  }

  /** @param fail gets the failure as soon as the hook has printed too much */
  read(fail: (error: Error) => void): void {
    const { stdout, stderr } = this.#child;
    stdout?.on("data", (data: Buffer) => {
      this.#size += data.length;
      if (this.#size <= MOST_OUTPUT) this.#printed.push(data);
      else fail(this.#tooMuch());
    });
    stderr?.on("data", (data: Buffer) => {
      this.#error = Buffer.concat([this.#error, data]).subarray(-MOST_ERROR);
    });
    for (const stream of [stdout, stderr]) stream?.on("error", (error) => fail(this.failure(error.message)));
  }

  /** @throws HookError when the hook failed, or what it printed can't be used */
  complete(code: number | null, signal: NodeJS.Signals | null): string {
    if (code === null) throw this.failure(`was killed by ${signal}`);
    if (code !== 0) throw this.failure(`exited with status ${code}`);
    if (this.#size > MOST_OUTPUT) throw this.#tooMuch();
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(this.#printed));
    } catch {
      throw this.failure("printed text that isn't UTF-8");
    }
  }

  failure(why: string): HookError {
    // The end may begin in the middle of a character, and have what moves a terminal's cursor.
    const quoted = this.#error
      .toString()
      .replace(/^\uFFFD+/, "")
      .replace(/[\p{Cc}\s]+/gu, " ")
      .trim();
    return HookError.quoting(`the program ${this.#program} ${why}`, quoted);
  }

  #tooMuch(): HookError {
    return this.failure(`printed more than ${MOST_OUTPUT / 1024} KiB`);
  }
}

/**
 * The device's XML after `hotplug.before`: what the hook printed, which must be the same device in everything that the plan
 * depends on. A hook that prints nothing leaves the XML unchanged.
 */
export function rewrittenDevice(xml: string, printed: string): string {
  if (printed.trim() === "") return xml;
  const [before, after] = [readDevice(xml), readDevice(printed)];
  const differences = [
    ...(after.model === before.model ? [] : [`model ${after.model} instead of ${before.model}`]),
    ...(after.size === before.size
      ? []
      : [`size ${formatMib(after.size)} instead of ${formatMib(before.size)}`]),
    ...(after.node === before.node ? [] : [`node ${after.node} instead of ${before.node}`]),
    ...(after.alias === before.alias ? [] : [`alias ${after.alias} instead of ${before.alias}`]),
  ];
  if (differences.length > 0) throw unusable(`a device with ${differences.join(", ")}`);
  return printed;
}

function readDevice(xml: string): MemoryDevice {
  let root: Element;
  let device: MemoryDevice | undefined;
  try {
    root = parseXml(xml).root;
    [device] = readDevices(element("domain", {}, element("devices", {}, root)));
  } catch (error) {
    throw unusable(`invalid XML: ${messageOf(error)}`);
  }
  if (device === undefined) throw unusable(`<${root.name}> instead of one <memory> element`);
  return device;
}

function unusable(what: string): HookError {
  const hook = "the hook hotplug.before printed";
  return new HookError(`${hook} ${what}`, `${hook} something other than the XML of the same DIMM`);
}
