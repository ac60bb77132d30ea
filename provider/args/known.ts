import type { HotplugInput, Inputs } from "./inputs.ts";
import { readCanonicalSize, UNKNOWN } from "./size.ts";

/** A size in KiB; undefined when it is left out or not known yet. */
export function known(size: string | undefined): number | undefined {
  return size === undefined || size === UNKNOWN ? undefined : readCanonicalSize(size);
}

/** `hotplug`, unless it isn't known as a whole. */
export function knownHotplug(inputs: Partial<Inputs>): HotplugInput {
  return typeof inputs.hotplug === "object" ? inputs.hotplug : {};
}

/** True for a value that has Pulumi's unknown marker at any depth. */
export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(containsUnknown);
}
