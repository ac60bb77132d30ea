import * as pulumi from "@pulumi/pulumi";
import { affectsSizes } from "./secret-arguments.ts";

/** The outputs that are secret when a size is. */
const FROM_SIZES = [
  "liveMemory",
  "nextBootMemory",
  "pendingMemory",
  "savedMemory",
  "memoryDevices",
  "reachable",
  "guestMemory",
  "reachableVcpus",
  "guestVcpus",
] as const;

/** The outputs that no program reads. They are secret when any argument is. */
const HIDDEN = ["__observed", "__drift", "__guest", "__guestVcpus", "__detaching"] as const;

/** The outputs to mark as secret when these arguments are. */
export function derivedOutputs(paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  return [...(paths.some(affectsSizes) ? FROM_SIZES : []), ...HIDDEN];
}

/**
 * The paths of the arguments that are secret, such as `hotplug.before.command[1]`; Pulumi knows that once they are resolved.
 *
 * @returns undefined if no argument can be
 */
export function secretPaths(args: object): Promise<string[]> | undefined {
  const found: Promise<string[]>[] = [];
  collect(args, "", found);
  return found.length === 0 ? undefined : Promise.all(found).then((paths) => paths.flat());
}

function collect(value: unknown, path: string, found: Promise<string[]>[]): void {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) {
    // Secret if anything inside of it is.
    found.push(pulumi.isSecret(pulumi.output(value)).then((isSecret) => (isSecret ? [path] : [])));
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, `${path}[${index}]`, found);
  } else if (isPlain(value)) {
    for (const [key, item] of Object.entries(value))
      collect(item, path === "" ? key : `${path}.${key}`, found);
  }
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
