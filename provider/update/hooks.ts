import { spawn } from "node:child_process";
import type { HookInput } from "../args/inputs.ts";
import { DEFAULT_HOOK_TIMEOUT } from "../args/limits.ts";
import { parse } from "../domain/parse.ts";
import { readDevices } from "../domain/read.ts";
import type { MemoryDevice } from "../domain/state.ts";
import { type Document, element } from "../domain/tree.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import { formatMib } from "../units/size.ts";

/** The most that a hook may print: a device's XML has a few hundred bytes. */
const MOST_OUTPUT = 64 * 1024;

export interface HookContext {
  domain: DomainRef;
  uri: string;
}

/**
 * Runs a hook: the program with its arguments, no shell, the device's XML on standard input, and the domain in the
 * environment (HOTPLUG_DOMAIN, HOTPLUG_UUID, HOTPLUG_URI).
 *
 * @returns what it printed
 * @throws Error with its standard error when it fails, or takes longer than its time-out
 */
export function runHook(hook: HookInput, xml: string, { domain, uri }: HookContext): Promise<string> {
  const [program = "", ...args] = hook.command;
  const seconds = hook.timeout ?? DEFAULT_HOOK_TIMEOUT;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      // A group of its own, so that what the hook started ends with it.
      detached: true,
      env: { ...process.env, HOTPLUG_DOMAIN: domain.name, HOTPLUG_UUID: domain.uuid, HOTPLUG_URI: uri },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    const kill = () => child.pid !== undefined && process.kill(-child.pid, "SIGKILL");
    const fail = (why: string) =>
      reject(new Error(`${hook.command.join(" ")} ${why}${err && `: ${err.trim()}`}`));
    const timer = setTimeout(() => {
      kill();
      fail(`did not end within ${seconds} s`);
    }, seconds * 1000);
    child.stdout.on("data", (data: Buffer) => {
      out += data.toString();
      if (out.length > MOST_OUTPUT) kill();
    });
    child.stderr.on("data", (data: Buffer) => {
      err = (err + data.toString()).slice(-MOST_OUTPUT);
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`${program} can't be run: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(out);
      else fail(code === null ? `was ended by ${signal}` : `ended with ${code}`);
    });
    // A hook that does not read its input is no failure.
    child.stdin.on("error", () => {});
    child.stdin.end(xml);
  });
}

/**
 * The device's XML after a hook: what it printed, which must be the same device in all that the plan promised; nothing
 * printed leaves it as it is.
 */
export function rewritten(xml: string, printed: string): string {
  if (printed.trim() === "") return xml;
  const [before, after] = [deviceOf(xml), deviceOf(printed)];
  const wrong = [
    ...(after.model === before.model ? [] : [`model ${after.model} instead of ${before.model}`]),
    ...(after.size === before.size
      ? []
      : [`size ${formatMib(after.size)} instead of ${formatMib(before.size)}`]),
    ...(after.node === before.node ? [] : [`node ${after.node} instead of ${before.node}`]),
    ...(after.alias === before.alias ? [] : [`alias ${after.alias} instead of ${before.alias}`]),
  ];
  if (wrong.length > 0) throw new Error(`the hook hotplug.before printed a device with ${wrong.join(", ")}`);
  return printed;
}

function deviceOf(xml: string): MemoryDevice {
  const { root } = parsed(xml);
  if (root.name !== "memory")
    throw new Error(`the hook hotplug.before printed <${root.name}>, and not one <memory>`);
  const [device] = readDevices(element("domain", {}, element("devices", {}, root)));
  if (device === undefined) throw new Error("the hook hotplug.before printed no memory device");
  return device;
}

function parsed(xml: string): Document {
  try {
    return parse(xml);
  } catch (cause) {
    throw new Error(`the hook hotplug.before printed what is no XML: ${(cause as Error).message}`, { cause });
  }
}
