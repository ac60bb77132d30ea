import { readCanonicalSize } from "../units/size.ts";
import type { HotplugInput, Inputs } from "./inputs.ts";

/** Pulumi's marker for a value that a preview doesn't know yet (sdk/nodejs/runtime/rpc.ts). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What a schema yields once every value is known: without the marker, and optional fields are absent or set. */
export type Known<T> = T extends typeof UNKNOWN
  ? never
  : T extends readonly (infer Item)[]
    ? Known<Item>[]
    : T extends object
      ? { [K in keyof T]: Known<Exclude<T[K], undefined>> }
      : T;

/** A size in KiB; undefined where it is absent or not known yet. */
export function knownSize(size: string | undefined): number | undefined {
  return size === undefined || size === UNKNOWN ? undefined : readCanonicalSize(size);
}

/** `hotplug`; empty where it is absent or not known yet. */
export function knownHotplug(inputs: Partial<Inputs>): HotplugInput {
  return typeof inputs.hotplug === "object" ? inputs.hotplug : {};
}

/** Whether a value has the marker at any depth. */
export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(containsUnknown);
}
