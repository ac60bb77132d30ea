import type { RemovedImage, ResizedDisk, SizedImage } from "../args/disk-images.ts";
import type { FieldName } from "../args/fields.ts";
import { defined } from "../defined.ts";
import type { CpuTopology, ListDevice } from "../domain/state.ts";
import type { Kib } from "../units/kib.ts";
import type { ReasonCode } from "./reason-codes.ts";

/**
 * What a change does to the domain:
 * - `none`: nothing;
 * - `live`: it changes the running domain without a restart, or a domain that is off;
 * - `nextBoot`: it changes only the definition, which takes effect when the domain is shut down and started;
 * - `restart`: it shuts the domain down;
 * - `replace`: the domain is deleted and recreated;
 * - `refuse`: nothing, and the reason is an error;
 * - `unknown`: that depends on a value that isn't known yet.
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

/** A DIMM to remove. */
export type DimmRemoval = Pick<DimmPlan, "size" | "node" | "alias"> &
  Partial<Pick<DimmPlan, "slot" | "base">>;

/** The new size of a virtio-mem device of the running domain: set, never added to. */
export interface ResizePlan {
  alias: string;
  node: number;
  /** Its requested size now. */
  from: Kib;
  requested: Kib;
  /** Its largest size. */
  size: Kib;
}

/** A virtio-mem device in a definition. */
export interface VirtioMemPlan {
  /** Undefined: a device not managed by this provider, of which only the requested size is set. */
  alias?: string;
  node: number;
  size: Kib;
  block: Kib;
  requested: Kib;
  source?: { nodemask?: string; pageSize?: Kib };
}

/** One thing that update does. The sentence is an infinitive: the preview lists it, an error says "Unable to …". */
export type Step =
  | { kind: "attach"; dimm: DimmPlan; sentence: string }
  | { kind: "detach"; dimm: DimmRemoval; sentence: string }
  | { kind: "resize"; device: ResizePlan; sentence: string }
  | StepOfDevice<"attachDevice">
  | StepOfDevice<"detachDevice">
  | StepOfDevice<"updateDevice">
  | { kind: "plugVcpus"; from: number; to: number; sentence: string }
  | { kind: "unplugVcpus"; from: number; to: number; sentence: string }
  /** The only one of an update: the sizes and every other argument that changes are one new definition. */
  | {
      kind: "define";
      definition?: MemoryDefinition;
      vcpus?: VcpuDefinition;
      fields: FieldName[];
      sentence: string;
    }
  /** `takesMemory`: the guest loses memory. */
  | { kind: "balloon"; size: Kib; where: "live" | "definition"; takesMemory: boolean; sentence: string }
  /** Of the running domain. The password is in the arguments only. */
  | { kind: "changePassword"; graphics: "vnc" | "spice"; sentence: string }
  /** The image of a new disk. One that is there already grows. */
  | { kind: "makeDisk"; disk: SizedImage; sentence: string }
  | { kind: "resizeDisk"; disk: ResizedDisk; sentence: string }
  /** The image of a disk that neither the running domain nor its definition has any more. */
  | { kind: "deleteImage"; disk: RemovedImage; sentence: string }
  | { kind: "autostart"; on: boolean; sentence: string }
  /** A cold start: of a domain without a saved state. */
  | { kind: "start"; sentence: string }
  /** A start that restores the saved state. `memory`: of the domain in it. */
  | { kind: "restore"; memory: Kib; sentence: string }
  /** Removes the saved state. */
  | { kind: "discard"; sentence: string }
  /** Of a domain that a user paused. */
  | { kind: "resume"; sentence: string }
  /** Of a guest that is suspended to memory. */
  | { kind: "wake"; sentence: string }
  /** `atOnce`: the guest can't be asked, so it is forced off. */
  | { kind: "stop"; force: boolean; atOnce?: true; sentence: string }
  | { kind: "replace"; fields: FieldName[]; sentence: string };

/** A step for a disk or a network interface of the running domain: as it is to be, or as it is where it is detached. */
type StepOfDevice<Kind extends string> = { kind: Kind; sentence: string } & ListDevice;

/** The vCPUs of the inactive definition, set as a whole. */
export interface VcpuDefinition {
  /** At boot. */
  current: number;
  maximum: number;
  /** Left out: it stays. */
  topology?: CpuTopology;
}

/** The memory of the inactive definition, set as a whole. */
export interface MemoryDefinition {
  /** The total at the next boot: cells, and devices not managed by this provider. */
  memory: Kib;
  /** The memory of each cell, by id; empty for a domain without cells. */
  cells: { id: number; memory: Kib }[];
  /** The balloon target at the next boot; undefined: all of the memory. */
  currentMemory?: Kib;
  /** Undefined if it equals the memory: QEMU refuses slots without headroom. */
  maxMemory?: { size: Kib; slots: number };
  /** Aliases of our devices to remove from the inactive definition: DIMMs that become base memory, unwanted virtio-mem. */
  removeAliases: string[];
  /** Its virtio-mem devices; undefined: none of ours. */
  virtioMem?: VirtioMemPlan[];
}

/** Sizes that work without a restart: `from`, then every `step`, up to `to`. */
export interface Reachable {
  from: Kib;
  to: Kib;
  step: Kib;
}

/** The DIMMs that are added, and the slots that are free afterwards. */
export interface Layout {
  dimms: DimmPlan[];
  freeSlots: number;
  slots: number;
  ceiling: Kib;
}

/** Why a plan isn't less disruptive. The code identifies the rule; the text is for people, and may change. */
export interface Reason {
  code: ReasonCode;
  text: string;
}

/** Why the running domain can't get the desired size. */
export interface Obstacle extends Reason {
  /** The same for a headline, as a predicate: "1003 → 1300 MiB" "is not a multiple of 256 MiB". */
  predicate: string;
}

/** The reason, without its wording for a headline. */
export function toReason({ code, text }: Obstacle): Reason {
  return { code, text };
}

export interface Plan {
  outcome: Outcome;
  /**
   * One line of at most 120 characters: the outcome, from → to, and the one thing that decides it. Empty for the outcome
   * `none`.
   */
  headline: string;
  /** Reasons in full, sizes that work live, what is kept and what is lost, and other options; one line each. */
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

export function refuse(headline: string, reasons: Reason[], details: string[] = []): Plan {
  return { outcome: "refuse", headline, details, steps: [], reasons };
}

/**
 * The plan as one message: the headline, then the details and the steps, a line each. A terminal shows the first line on
 * the resource's row, and all of it under Diagnostics.
 */
export function planMessage({
  headline,
  details,
  steps,
}: Pick<Plan, "headline" | "details" | "steps">): string {
  const sentences = steps.map(({ sentence }) => sentence);
  const isSaid = sentences.length === 1 && headline.endsWith(`: ${sentences[0]}`);
  const numbered = isSaid ? [] : sentences.map((sentence, index) => `${index + 1}. ${sentence}`);
  return [headline, ...details, ...numbered].join("\n");
}

/** How the engine shows the message of a plan. */
export function planSeverity({ outcome }: Pick<Plan, "outcome">): "info" | "warning" {
  return outcome === "replace" || outcome === "restart" ? "warning" : "info";
}

/** From the least to the most disruptive. `unknown` isn't compared. */
const DISRUPTION: readonly Outcome[] = ["none", "live", "nextBoot", "restart", "replace", "refuse"];

/** True if `a` interrupts the domain more than `b` does. */
export function isMoreDisruptive(a: Outcome, b: Outcome): boolean {
  return DISRUPTION.indexOf(a) > DISRUPTION.indexOf(b);
}

/** Parts of one update as one plan: the most disruptive part has the headline, those of the others are details. */
export function combine(parts: Plan[]): Plan {
  const [first, ...rest] = parts.filter(({ outcome }) => outcome !== "none");
  if (first === undefined) return noChange();
  const main = rest.reduce(
    (main, part) => (isMoreDisruptive(part.outcome, main.outcome) ? part : main),
    first,
  );
  const others = [first, ...rest].filter((part) => part !== main);
  const details = [...main.details, ...others.flatMap((part) => [part.headline, ...part.details])];
  const layout = parts.find((part) => part.layout)?.layout;
  return defined({
    outcome: main.outcome,
    headline: main.headline,
    details: [...new Set(details)],
    steps: parts.flatMap((part) => part.steps),
    reasons: parts.flatMap((part) => part.reasons),
    layout,
  });
}

export type DefineStep = Extract<Step, { kind: "define" }>;

export function isDefine(step: Step): step is DefineStep {
  return step.kind === "define";
}

/** The memory of the next boot as these steps set it; undefined where they leave it unchanged. */
export function definedMemory(steps: Step[]): MemoryDefinition | undefined {
  return steps.filter(isDefine).find(({ definition }) => definition !== undefined)?.definition;
}

/** A step for a device of a list. */
export type DeviceStep = Extract<Step, { kind: "attachDevice" | "detachDevice" | "updateDevice" }>;

export function isDeviceStep(step: Step): step is DeviceStep {
  return step.kind === "attachDevice" || step.kind === "detachDevice" || step.kind === "updateDevice";
}

/** A step for the vCPUs of the running domain. */
export type VcpuStep = Extract<Step, { kind: "plugVcpus" | "unplugVcpus" }>;

export function isVcpuStep(step: Step): step is VcpuStep {
  return step.kind === "plugVcpus" || step.kind === "unplugVcpus";
}

/** The vCPUs of the next boot as these steps set them; undefined where they leave them unchanged. */
export function definedVcpus(steps: Step[]): VcpuDefinition | undefined {
  return steps.filter(isDefine).find(({ vcpus }) => vcpus !== undefined)?.vcpus;
}

export function attachedDimms(steps: Step[]): DimmPlan[] {
  return steps.flatMap((step) => (step.kind === "attach" ? [step.dimm] : []));
}

export function detachedDimms(steps: Step[]): DimmRemoval[] {
  return steps.flatMap((step) => (step.kind === "detach" ? [step.dimm] : []));
}
