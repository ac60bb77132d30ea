import type { FieldName } from "../args/fields.ts";
import type { Kib } from "../units/kib.ts";
import type { ReasonCode } from "./reason-codes.ts";

/**
 * What a change comes to:
 * - `none`: there is nothing to do;
 * - `live`: on the running domain without a restart, or on a domain that is off;
 * - `nextBoot`: the definition alone; it takes effect when the domain is shut down and started;
 * - `restart`: the domain is shut down;
 * - `replace`: the domain is deleted and created anew;
 * - `refuse`: nothing is done, and the reason is an error;
 * - `unknown`: a value isn't known yet, so the kind isn't either.
 */
export type Outcome = "none" | "live" | "nextBoot" | "restart" | "replace" | "refuse" | "unknown";

/** A DIMM to attach. */
export interface DimmPlan {
  size: Kib;
  node: number;
  slot: number;
  alias: string;
  /** Start address in the guest, hexadecimal; left out: QEMU's choice. */
  base?: string;
  /** Where on the host the memory comes from. */
  source?: { nodemask?: string; pageSize?: Kib };
}

/** A DIMM to take out. */
export type DimmRemoval = Pick<DimmPlan, "size" | "node" | "alias"> &
  Partial<Pick<DimmPlan, "slot" | "base">>;

/** What is asked of a virtio-mem device of the running domain: set, never added to. */
export interface ResizePlan {
  alias: string;
  node: number;
  /** What is requested of it now. */
  from: Kib;
  requested: Kib;
  /** The most that it holds. */
  size: Kib;
}

/** A virtio-mem device that a definition shall have. */
export interface VirtioMemPlan {
  /** Undefined: the one that others put on the node, of which only what is requested is set. */
  alias?: string;
  node: number;
  size: Kib;
  block: Kib;
  requested: Kib;
  source?: { nodemask?: string; pageSize?: Kib };
}

/** One thing that update does, with the sentence that the preview prints for it. */
export type Step =
  | { kind: "attach"; dimm: DimmPlan; sentence: string }
  | { kind: "detach"; dimm: DimmRemoval; sentence: string }
  | { kind: "resize"; device: ResizePlan; sentence: string }
  | { kind: "define"; definition: MemoryDefinition; sentence: string }
  /** `takes`: the guest ends with less than it has. */
  | { kind: "balloon"; size: Kib; where: "live" | "definition"; takes: boolean; sentence: string }
  | { kind: "redefine"; fields: FieldName[]; sentence: string }
  | { kind: "autostart"; on: boolean; sentence: string }
  | { kind: "start"; sentence: string }
  | { kind: "stop"; force: boolean; sentence: string }
  | { kind: "replace"; fields: FieldName[]; sentence: string };

/** The memory of the inactive definition, set as a whole. */
export interface MemoryDefinition {
  /** The total that the next boot has: cells, and devices that aren't ours. */
  memory: Kib;
  /** The memory of each cell, by id; empty for a domain without cells. */
  cells: { id: number; memory: Kib }[];
  /** What the balloon leaves at the next boot; undefined: all of it. */
  currentMemory?: Kib;
  /** Undefined: no ceiling, since memory is all of it (QEMU refuses slots without headroom). */
  maxMemory?: { size: Kib; slots: number };
  /** Aliases of our devices in the inactive definition that go: DIMMs that the fold takes out, virtio-mem that isn't asked for. */
  removeAliases: string[];
  /** What it shall have of virtio-mem; undefined: nothing of ours. */
  virtioMem?: VirtioMemPlan[];
}

/** Sizes that are live from here: `from`, then every `step`, up to `to`. */
export interface Reachable {
  from: Kib;
  to: Kib;
  step: Kib;
}

/** Which DIMMs are added, and what is left then. */
export interface Layout {
  dimms: DimmPlan[];
  freeSlots: number;
  slots: number;
  ceiling: Kib;
}

/** Why a plan isn't milder. The code identifies the rule; the text is for people, and may change. */
export interface Reason {
  code: ReasonCode;
  text: string;
}

export interface Plan {
  outcome: Outcome;
  /**
   * One line of at most 120 characters: the outcome, from → to, and the one thing that decides it. Empty for the outcome
   * `none`.
   */
  headline: string;
  /** Reasons in full, sizes that work live, what is kept and what is lost, steps and options; one line each. */
  details: string[];
  /** Empty exactly for the outcomes `none`, `refuse` and `unknown`. */
  steps: Step[];
  /** One for each rule that is in the way. */
  reasons: Reason[];
  layout?: Layout;
}

export function noChange(): Plan {
  return { outcome: "none", headline: "", details: [], steps: [], reasons: [] };
}

/** The plan as one message: a terminal shows its first line on the resource's row, and the rest under Diagnostics. */
export function planMessage({ headline, details }: Pick<Plan, "headline" | "details">): string {
  return [headline, ...details].join("\n");
}

export function refuse(headline: string, reasons: Reason[]): Plan {
  return { outcome: "refuse", headline, details: [], steps: [], reasons };
}

/** From the mildest to the gravest. `unknown` isn't compared. */
const DISRUPTION: readonly Outcome[] = ["none", "live", "nextBoot", "restart", "replace", "refuse"];

/** True when `a` asks more of a domain than `b` does. */
export function isMoreDisruptive(a: Outcome, b: Outcome): boolean {
  return DISRUPTION.indexOf(a) > DISRUPTION.indexOf(b);
}

export function attachedDimms(steps: Step[]): DimmPlan[] {
  return steps.flatMap((step) => (step.kind === "attach" ? [step.dimm] : []));
}

export function detachedDimms(steps: Step[]): DimmRemoval[] {
  return steps.flatMap((step) => (step.kind === "detach" ? [step.dimm] : []));
}
