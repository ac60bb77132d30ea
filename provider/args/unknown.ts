import { readCanonicalSize } from "../units/size.ts";
import type { HotplugInput, Inputs } from "./inputs.ts";

/** Pulumi's marker for a value that a preview doesn't know yet (sdk/nodejs/runtime/rpc.ts). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Pulumi's markers for such values, by the type of the value (sdk/go/common/resource/plugin/rpc.go). */
export const UNKNOWNS: ReadonlySet<unknown> = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

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
