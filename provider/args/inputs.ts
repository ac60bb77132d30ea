import type { z } from "zod";
import type { FIELDS, FieldName } from "./fields.ts";
import type { Known } from "./unknown.ts";

/** The arguments in canonical form, as the schemas of the field table yield them. */
type Arguments = { [Name in FieldName]: Known<z.output<(typeof FIELDS)[Name]["schema"]>> };

/** Check fills these in where the program leaves them out. */
type FilledIn = "name" | "uuid" | "memory" | "maxMemory" | "memorySlots";

/**
 * The resource's inputs, as check returns them and the state keeps them: sizes in canonical form ("1259MiB"), identity
 * filled in, no other defaults. In a preview any value may be Pulumi's marker for an unknown one.
 */
export interface Inputs extends Pick<Arguments, FilledIn>, Partial<Omit<Arguments, FilledIn>> {
  __provider?: string;
  __urn: string;
  /** A size or the XML is secret: messages must not contain figures. */
  __secret?: boolean;
  /** The paths of the secret arguments. */
  __secrets?: string[];
  /** The domain was adopted: it is never replaced for its memory. States of earlier versions have this only in the outputs. */
  __adopted?: boolean;
  /** A refresh found that the domain's memory must change although every argument matches what was observed. */
  __unsettled?: boolean;
  /** The headline of the latest change of the memory. */
  memoryPlan?: string;
  /** What this run does to the domain, and to its memory: an outcome of a plan (plan/plan.ts). */
  change?: string;
  memoryChange?: string;
  headroom?: Headroom;
}

/** The computed inputs of a run's change of the domain, which the outputs repeat. */
export const OUTCOME_INPUTS = ["memoryPlan", "change", "memoryChange"] as const;

/**
 * What a domain can still do live after this run's change, for policies (foreseen/headroom.ts). A figure is left out where only the
 * domain can tell.
 */
export interface Headroom {
  /** Only where the domain is off: then any change takes effect without a restart. */
  running?: false;
  /** Free slots for DIMMs. */
  slots?: number;
  /** The slots of the running domain, where they aren't `memorySlots`, which takes effect at the next boot. */
  liveMemorySlots?: number;
  /** The sizes that `memory` can be changed to: from `from` to `to`, in steps of `step`. */
  memory?: { from: string; to: string; step: string }[];
  /** The numbers that `vcpus` can be changed to. */
  vcpus?: { from: number; to: number; step: number }[];
}

export type HotplugInput = NonNullable<Inputs["hotplug"]>;
export type HookInput = NonNullable<HotplugInput["before"]>;
export type NumaNodeInput = NonNullable<Inputs["numa"]>[number];
export type DiskInput = NonNullable<Inputs["disks"]>[number];
export type InterfaceInput = NonNullable<Inputs["interfaces"]>[number];
export type GraphicsInput = NonNullable<Inputs["graphics"]>;
export type MemoryBackingInput = NonNullable<Inputs["memoryBacking"]>;
