import { domainUuid } from "../args/identity.ts";
import { type Cell, countedSize } from "../domain/state.ts";
import type { GuestBlocks } from "../guest/agent.ts";
import { type BlocksOfDevice, blocksOf } from "../guest/blocks.ts";
import type { PowerState } from "../libvirt/hypervisor.ts";
import type { Observation } from "../observe/observe.ts";
import type { DesiredMemory } from "../plan/desired.ts";
import { isManaged } from "../plan/devices.ts";
import { reasonsAgainstAttach } from "../plan/dimms/attach-rules.ts";
import { reasonsAgainstAnyDetach, reasonsAgainstDetach } from "../plan/dimms/detach-rules.ts";
import { dimmUnit, guestBlockOf, misaligned } from "../plan/dimms/layout.ts";
import { removableDimms } from "../plan/dimms/removable.ts";
import { freeSlots } from "../plan/dimms/slots.ts";
import { downwardSizes, sizesWithUnplug } from "../plan/live-sizes/down.ts";
import { formatRanges } from "../plan/live-sizes/text.ts";
import { upwardSizes } from "../plan/live-sizes/up.ts";
import { targetNodes, unevenness } from "../plan/numa/spread.ts";
import type { MemoryView, Observed, ObservedDevice } from "../plan/observed.ts";
import type { Outcome, Reachable, Reason, Step } from "../plan/plan.ts";
import { planMemory } from "../plan/plan-memory.ts";
import { baseMemory, reasonsAgainstResize } from "../plan/virtio-mem/rules.ts";
import { type Kib, sum } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import { desiredBy, type ExplainOptions } from "./options.ts";

export interface MappedDevice extends ObservedDevice {
  /** It has an alias of this provider's. */
  ours: boolean;
  /** Its start or its size is off the guest's memory blocks. */
  misaligned: boolean;
  /** What the guest has of it, where its agent said that. */
  blocks?: BlocksOfDevice;
}

/** The memory of one definition of a domain. */
export interface MemoryMap {
  memory: Kib;
  /** The balloon's target. */
  currentMemory: Kib;
  /** What is there at boot, by node; empty for a domain without NUMA nodes. */
  cells: Cell[];
  /** What is there at boot. */
  baseMemory: Kib;
  /** By their place in the guest's address space; those without one come last. */
  devices: MappedDevice[];
  maxMemory?: { size: Kib; slots?: number };
  freeSlots: number[];
  /** The guest's memory block, as its agent says or by the rule of thumb of its kernel. */
  guestBlock: Kib;
}

/** What there is to say of a domain's memory. */
export interface Explanation {
  /** As resolved. */
  uri: string;
  name: string;
  uuid: string;
  state: PowerState;
  persistent: boolean;
  arch?: string;
  machine?: string;
  /** Whose domain it is by its metadata; undefined: not this provider's. */
  owner?: { urn: string; adopted: boolean };
  /** The running domain. */
  live?: MemoryMap;
  /** The memory blocks that its guest has, where its agent said that. */
  guest?: GuestBlocks;
  /** The channel of the guest's agent is connected. */
  agentConnected: boolean;
  /** The inactive definition; undefined for a transient domain. */
  nextBoot?: MemoryMap;
  /** What the next boot has instead of the present memory. */
  pending?: Kib;
  /** Sizes that are live from here, or why there are none. */
  reachable: {
    up?: Reachable;
    reasons: string[];
    /** Ascending. */
    down: Reachable[];
    reasonsDown: string[];
  };
  /** What `up` would do for the size that was asked about. */
  plan?: ExplainedPlan;
}

export interface ExplainedPlan {
  memory: Kib;
  outcome: Outcome;
  headline: string;
  details: string[];
  steps: Step[];
  reasons: Reason[];
  /** What the plan depends on that the domain alone doesn't say. */
  notes: string[];
}

/**
 * Explains a domain, by the planner that preview and update use.
 *
 * @throws Error with a line for each wrong argument in the question
 */
export function explain(uri: string, observation: Observation, question: ExplainOptions = {}): Explanation {
  const { observed, definition, power, guest, agentConnected } = observation;
  const { name, uuid, arch, machine, ownership } = definition;
  // What this provider makes has its UUID from the resource's URN; what it adopted keeps its own.
  const adopted = ownership === undefined || domainUuid(ownership.urn) !== uuid;
  const desired = desiredBy(question, observation, adopted);
  const pending = pendingMemory(observed);
  return {
    uri,
    name,
    uuid,
    state: power,
    persistent: observed.persistent,
    ...(arch !== undefined && { arch }),
    ...(machine !== undefined && { machine }),
    ...(ownership && { owner: { urn: ownership.urn, adopted } }),
    ...(observed.live && { live: memoryMap(observed.live, guest) }),
    ...(guest && { guest }),
    agentConnected,
    ...(observed.nextBoot && { nextBoot: memoryMap(observed.nextBoot) }),
    ...(pending !== undefined && { pending }),
    reachable: reachable(desired, observed),
    ...(question.memory !== undefined && { plan: explainedPlan(desired, observation) }),
  };
}

function memoryMap(view: MemoryView, guest?: GuestBlocks): MemoryMap {
  const { memory, currentMemory, cells, maxMemory } = view;
  const off = new Set(misaligned(view));
  const devices = view.devices.map((device): MappedDevice => {
    const blocks = guest && blocksOf(device, guest);
    return {
      ...device,
      ours: isManaged(device),
      misaligned: off.has(device),
      ...(blocks !== undefined && { blocks }),
    };
  });
  return {
    memory,
    currentMemory,
    cells,
    baseMemory: memory - sum(devices.map(countedSize)),
    devices: devices.sort(byBase),
    ...(maxMemory && { maxMemory }),
    freeSlots: freeSlots(view),
    guestBlock: guestBlockOf(view).size,
  };
}

function byBase(a: ObservedDevice, b: ObservedDevice): number {
  if (a.base === undefined || b.base === undefined)
    return Number(a.base === undefined) - Number(b.base === undefined);
  const [first, second] = [BigInt(a.base), BigInt(b.base)];
  return first < second ? -1 : Number(first > second);
}

function pendingMemory({ live, nextBoot }: Observed): Kib | undefined {
  return live !== undefined && nextBoot !== undefined && live.memory !== nextBoot.memory
    ? nextBoot.memory
    : undefined;
}

const DEFINITION_IS_FULL =
  "the definition has more in other nodes and in devices of others than the ceiling leaves room for";

function reachable(desired: DesiredMemory, observed: Observed): Explanation["reachable"] {
  const { live } = observed;
  if (live === undefined) {
    const reasons = ["the domain is off: another size changes its definition alone"];
    return { reasons, down: [], reasonsDown: reasons };
  }
  return { ...upwards(desired, observed, live), ...downwards(desired, observed, live) };
}

function upwards(desired: DesiredMemory, observed: Observed, live: MemoryView) {
  const up = upwardSizes(desired, observed);
  if (up !== undefined) return { up, reasons: [] };
  if (desired.device === "virtio-mem") return { reasons: notResizable(desired, live, "hold no more") };
  const step = dimmUnit(desired, live).size * targetNodes(desired, live).length;
  const uneven = desired.target === "spread" ? unevenness(live) : 0;
  const reasons = reasonsAgainstAttach({ ...desired, memory: live.memory + (uneven || step) }, live);
  return { reasons: reasons.length > 0 ? texts(reasons) : [DEFINITION_IS_FULL] };
}

function downwards(desired: DesiredMemory, observed: Observed, live: MemoryView) {
  const down = downwardSizes(desired, observed);
  if (down.length > 0) return { down, reasonsDown: [] };
  if (desired.device === "virtio-mem")
    return { down, reasonsDown: notResizable(desired, live, "have nothing to give back") };
  const dimms = targetNodes(desired, live).flatMap((node) => removableDimms(node, live));
  if (dimms.length === 0) return { down, reasonsDown: ["no DIMM of this provider's is there to take out"] };
  const allowed = sizesWithUnplug(desired, observed);
  const reasons = [
    ...texts(reasonsAgainstAnyDetach(desired, observed)),
    ...(allowed.length > 0 ? [`hotplug.allowUnplug is false (if true: ${formatRanges(allowed)})`] : []),
  ];
  if (reasons.length > 0) return { down, reasonsDown: reasons };
  const memory = live.memory - sum(dimms.map(({ size }) => size));
  return { down, reasonsDown: texts(reasonsAgainstDetach({ ...desired, memory }, observed, live)) };
}

/** @param otherwise what is said of devices that could be resized */
function notResizable(desired: DesiredMemory, live: MemoryView, otherwise: string): string[] {
  const reasons = reasonsAgainstResize({ ...desired, memory: baseMemory(desired, live) }, live);
  return reasons.length > 0 ? texts(reasons) : [`the virtio-mem devices ${otherwise}`];
}

function texts(reasons: Reason[]): string[] {
  return reasons.map(({ text }) => text);
}

function explainedPlan(desired: DesiredMemory, { observed, definition }: Observation): ExplainedPlan {
  const { outcome, headline, details, steps, reasons } = planMemory(desired, observed);
  const pending = pendingMemory(observed);
  const { ownership } = definition;
  const notes = [
    ...(ownership === undefined ? ["as for a program that has adopted the domain (adopt: true)"] : []),
    ...(desired.currentMemory !== undefined
      ? [
          `the program is taken to say currentMemory ${formatMib(desired.currentMemory)}, which the definition has`,
        ]
      : []),
    ...(observed.live === undefined
      ? ["up starts a domain that is off, unless its program says running: false"]
      : []),
    ...(ownership !== undefined && pending !== undefined && pending !== desired.memory
      ? [
          `the ${formatMib(pending)} that wait for the next boot are superseded where the program's state recorded them; else up refuses, until a refresh`,
        ]
      : []),
  ];
  return { memory: desired.memory, outcome, headline, details, steps, reasons, notes };
}
