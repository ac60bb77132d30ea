import { readCanonicalSize } from "../units/size.ts";
import type { HotplugInput, Inputs } from "./inputs.ts";

/** Pulumi's marker for a value that a preview does not know yet (sdk/nodejs/runtime/rpc.ts). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A size in KiB; undefined when it is left out or not known yet. */
export function knownSize(size: string | undefined): number | undefined {
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
