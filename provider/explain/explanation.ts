import { domainUuid } from "../args/identity.ts";
import { sayMib } from "../args/size.ts";
import { type Cell, countedSize, type Kib } from "../domain/state.ts";
import type { GuestBlocks } from "../guest/agent.ts";
import { type BlocksOfDevice, blocksOf } from "../guest/blocks.ts";
import type { PowerState } from "../libvirt/hypervisor.ts";
import type { Sighting } from "../observe/observe.ts";
import type { Asked } from "../plan/asked.ts";
import { sum } from "../plan/cells.ts";
import { reasonsAgainstAttach } from "../plan/dimms/attach-rules.ts";
import { needsLeave, reasonsAgainstDetach } from "../plan/dimms/detach-rules.ts";
import { blockOf, dimmUnit, misaligned } from "../plan/dimms/layout.ts";
import { downwardSizes } from "../plan/dimms/reachable-down.ts";
import { againstAnyDetach, removableOn } from "../plan/dimms/shrink.ts";
import { freeSlots, isOurs } from "../plan/dimms/slots.ts";
import { targetNodes, unevenness } from "../plan/dimms/spread.ts";
import { planMemory } from "../plan/memory.ts";
import type { MemoryView, Observed, SeenDevice } from "../plan/observed.ts";
import type { Outcome, Reachable, Step } from "../plan/plan.ts";
import { reachableSizes } from "../plan/reachable.ts";
import { baseMemory, reasonsAgainstResize } from "../plan/virtio-mem/rules.ts";
import { askedBy, type Question } from "./question.ts";

export interface MappedDevice extends SeenDevice {
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
  summary: string;
  steps: Step[];
  reasons: string[];
  /** What the plan depends on that the domain alone doesn't say. */
  notes: string[];
}

/**
 * Explains a domain, by the planner that preview and update use.
 *
 * @throws Error with a line for each wrong argument in the question
 */
export function explain(uri: string, sighting: Sighting, question: Question = {}): Explanation {
  const { observed, definition, power, guest, agentConnected } = sighting;
  const { name, uuid, arch, machine, ownership } = definition;
  // What this provider makes has its UUID from the resource's URN; what it adopted keeps its own.
  const adopted = ownership === undefined || domainUuid(ownership.urn) !== uuid;
  const asked = askedBy(question, sighting, adopted);
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
    reachable: reachable(asked, observed),
    ...(question.memory !== undefined && { plan: explainedPlan(asked, sighting) }),
  };
}

function memoryMap(view: MemoryView, guest?: GuestBlocks): MemoryMap {
  const { memory, currentMemory, cells, maxMemory } = view;
  const off = new Set(misaligned(view));
  const devices = view.devices.map((device): MappedDevice => {
    const blocks = guest && blocksOf(device, guest);
    return {
      ...device,
      ours: isOurs(device),
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
    guestBlock: blockOf(view).size,
  };
}

function byBase(a: SeenDevice, b: SeenDevice): number {
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

function reachable(asked: Asked, observed: Observed): Explanation["reachable"] {
  const { live } = observed;
  if (live === undefined) {
    const reasons = ["the domain is off: another size changes its definition alone"];
    return { reasons, down: [], reasonsDown: reasons };
  }
  return { ...upwards(asked, observed, live), ...downwards(asked, observed, live) };
}

function upwards(asked: Asked, observed: Observed, live: MemoryView) {
  const up = reachableSizes(asked, observed);
  if (up !== undefined) return { up, reasons: [] };
  if (asked.device === "virtio-mem") return { reasons: notResizable(asked, live, "hold no more") };
  const step = dimmUnit(asked, live).size * targetNodes(asked, live).length;
  const uneven = asked.target === "spread" ? unevenness(live) : 0;
  const reasons = reasonsAgainstAttach({ ...asked, memory: live.memory + (uneven || step) }, live);
  return { reasons: reasons.length > 0 ? reasons : [DEFINITION_IS_FULL] };
}

function downwards(asked: Asked, observed: Observed, live: MemoryView) {
  const down = downwardSizes(asked, observed);
  if (down.length > 0) return { down, reasonsDown: [] };
  if (asked.device === "virtio-mem")
    return { down, reasonsDown: notResizable(asked, live, "have nothing to give back") };
  const dimms = targetNodes(asked, live).flatMap((node) => removableOn(node, live));
  if (dimms.length === 0) return { down, reasonsDown: ["no DIMM of this provider's is there to take out"] };
  const reasons = [...againstAnyDetach(asked, observed), ...needsLeave(asked, observed)];
  if (reasons.length > 0) return { down, reasonsDown: reasons };
  const memory = live.memory - sum(dimms.map(({ size }) => size));
  return { down, reasonsDown: reasonsAgainstDetach({ ...asked, memory }, observed, live) };
}

/** @param otherwise what is said of devices that could be resized */
function notResizable(asked: Asked, live: MemoryView, otherwise: string): string[] {
  const reasons = reasonsAgainstResize({ ...asked, memory: baseMemory(asked, live) }, live);
  return reasons.length > 0 ? reasons : [`the virtio-mem devices ${otherwise}`];
}

function explainedPlan(asked: Asked, { observed, definition }: Sighting): ExplainedPlan {
  const { outcome, summary, steps, reasons } = planMemory(asked, observed);
  const pending = pendingMemory(observed);
  const { ownership } = definition;
  const notes = [
    ...(ownership === undefined ? ["as for a program that has adopted the domain (adopt: true)"] : []),
    ...(asked.currentMemory !== undefined
      ? [`the program is taken to say currentMemory ${sayMib(asked.currentMemory)}, which the definition has`]
      : []),
    ...(observed.live === undefined
      ? ["up starts a domain that is off, unless its program says running: false"]
      : []),
    ...(ownership !== undefined && pending !== undefined && pending !== asked.memory
      ? [
          `the ${sayMib(pending)} that wait for the next boot are superseded where the program's state recorded them; else up refuses, until a refresh`,
        ]
      : []),
  ];
  return { memory: asked.memory, outcome, summary, steps, reasons, notes };
}
