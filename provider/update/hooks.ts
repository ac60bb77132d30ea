import { spawn } from "node:child_process";
import type { HookInput } from "../args/inputs.ts";
import { DEFAULT_HOOK_TIMEOUT } from "../args/limits.ts";
import { type Clock, Deadline } from "../deadline.ts";
import { parseXml } from "../domain/parse.ts";
import { readDevices } from "../domain/read.ts";
import type { MemoryDevice } from "../domain/state.ts";
import { type Document, element } from "../domain/tree.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { formatMib } from "../units/size.ts";

/** The most that a hook may print: the XML of a device has a few hundred bytes. */
const MOST_OUTPUT = 64 * 1024;

export interface HookContext {
  domain: DomainRef;
  uri: string;
  clock: Clock;
}

/**
 * Runs a hook: the program with its arguments, without a shell, the device's XML on standard input, and the domain in the
 * environment (HOTPLUG_DOMAIN, HOTPLUG_UUID, HOTPLUG_URI).
 *
 * @returns what it printed
 * @throws Error with its standard error when it fails, or takes longer than its time-out
 */
export async function runHook(hook: HookInput, xml: string, context: HookContext): Promise<string> {
  const { domain, uri, clock } = context;
  const [program = "", ...args] = hook.command;
  const seconds = hook.timeout ?? DEFAULT_HOOK_TIMEOUT;
  const child = spawn(program, args, {
    // In a process group of its own, which is killed as a whole: libraries kill only the program, not what it started.
    detached: true,
    env: { ...process.env, HOTPLUG_DOMAIN: domain.name, HOTPLUG_UUID: domain.uuid, HOTPLUG_URI: uri },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  let isClosed = false;
  const killGroup = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group is empty: what holds the output open has left it.
    }
  };
  const failure = (why: string) => new Error(`${hook.command.join(" ")} ${why}${err && `: ${err.trim()}`}`);
  const ended = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => {
      out += data.toString();
      if (out.length > MOST_OUTPUT) reject(failure(`printed more than ${MOST_OUTPUT / 1024} KiB`));
    });
    child.stderr.on("data", (data: Buffer) => {
      err = (err + data.toString()).slice(-MOST_OUTPUT);
    });
    child.on("error", (error) => reject(new Error(`${program} can't be run: ${error.message}`)));
    child.on("close", (code, signal) => {
      isClosed = true;
      if (code === 0) resolve(out);
      else reject(failure(code === null ? `was killed by ${signal}` : `exited with status ${code}`));
    });
    // A hook need not read its input.
    child.stdin.on("error", () => {});
    child.stdin.end(xml);
  });
  try {
    const late = () => failure(`did not end within ${seconds} s`);
    return await Deadline.inSeconds(seconds, clock).race(ended, late);
  } finally {
    if (!isClosed) killGroup();
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
  if (differences.length > 0)
    throw new Error(`the hook hotplug.before printed a device with ${differences.join(", ")}`);
  return printed;
}

function readDevice(xml: string): MemoryDevice {
  const { root } = parseOutput(xml);
  if (root.name !== "memory")
    throw new Error(`the hook hotplug.before printed <${root.name}> instead of one <memory> element`);
  const [device] = readDevices(element("domain", {}, element("devices", {}, root)));
  if (device === undefined)
    throw new Error("the hook hotplug.before printed a <memory> without a known model");
  return device;
}

function parseOutput(xml: string): Document {
  try {
    return parseXml(xml);
  } catch (cause) {
    throw new Error(`the hook hotplug.before printed invalid XML: ${messageOf(cause)}`, { cause });
  }
}
