import { domainUuid } from "../args/identity.ts";
import type { Inputs } from "../args/inputs.ts";
import { DEFAULTS } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { type Cell, countedSize, vcpusOf } from "../domain/state.ts";
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
import { type MemoryView, type Observed, type ObservedDevice, pendingMemory } from "../plan/observed.ts";
import { type Outcome, type Reachable, type Reason, type Step, toReason } from "../plan/plan.ts";
import { planUpdate } from "../plan/plan-update.ts";
import { noteIf } from "../plan/text.ts";
import { desiredVcpus } from "../plan/vcpus/desired.ts";
import { liveVcpuNumbers, type VcpuRange } from "../plan/vcpus/live-numbers.ts";
import { vcpuUnit } from "../plan/vcpus/platform.ts";
import { reasonsAgainstPlug } from "../plan/vcpus/rules.ts";
import { baseMemory, reasonsAgainstResize } from "../plan/virtio-mem/rules.ts";
import { type Kib, sum } from "../units/kib.ts";
import { formatMib, readCanonicalSize } from "../units/size.ts";
import type { ExplainOptions } from "./options.ts";
import { programOf } from "./program.ts";

export interface MappedDevice extends ObservedDevice {
  /** This provider manages it: it has one of its aliases. */
  ours: boolean;
  /** Its start or its size isn't a multiple of the guest's memory block. */
  misaligned: boolean;
  /** The guest's memory blocks in its address range, where the guest agent reported them. */
  blocks?: BlocksOfDevice;
}

/** The memory of one definition of a domain. */
export interface MemoryMap {
  memory: Kib;
  /** The balloon's target. */
  currentMemory: Kib;
  /** The boot memory of each node; empty for a domain without NUMA nodes. */
  cells: Cell[];
  /** The boot memory: all that isn't in memory devices. */
  baseMemory: Kib;
  /** By their address in the guest; those without one come last. */
  devices: MappedDevice[];
  maxMemory?: { size: Kib; slots?: number };
  freeSlots: number[];
  /** Into which disks and network interfaces can be plugged. */
  freePorts?: number;
  /** The size of the guest's memory blocks: reported by the guest agent, else the rule of thumb for its kernel. */
  guestBlock: Kib;
}

/** A domain's memory, and what it can change to. */
export interface Explanation {
  /** As resolved. */
  uri: string;
  name: string;
  uuid: string;
  state: PowerState;
  persistent: boolean;
  arch?: string;
  machine?: string;
  /** From its metadata; undefined: not managed by this provider. */
  owner?: { urn: string; adopted: boolean };
  /** The running domain. */
  live?: MemoryMap;
  /** The guest's memory blocks, where the guest agent reported them. */
  guest?: GuestBlocks;
  /** Why the guest agent gave no usable answer. */
  agentError?: string;
  /** The guest agent is connected to its channel. */
  agentConnected: boolean;
  /** The inactive definition; undefined for a transient domain. */
  nextBoot?: MemoryMap;
  /** The memory of the next boot, where it isn't the present memory. */
  pending?: Kib;
  /** Sizes that work without a restart, or why there are none. */
  reachable: {
    up?: Reachable;
    reasons: Reason[];
    /** Ascending. */
    down: Reachable[];
    reasonsDown: Reason[];
  };
  vcpus: ExplainedVcpus;
  /** What `up` would do for the size in question. */
  plan?: ExplainedPlan;
}

/** A domain's vCPUs, and what they can change to. */
export interface ExplainedVcpus {
  live?: VcpuNumbers;
  nextBoot?: VcpuNumbers;
  /** The numbers that work without a restart: larger ones first. */
  reachable: VcpuRange[];
  /** Why there can't be more, where that is so. */
  reasons: Reason[];
}

export interface VcpuNumbers {
  current: number;
  maximum: number;
}

export interface ExplainedPlan {
  memory: Kib;
  outcome: Outcome;
  headline: string;
  details: string[];
  steps: Step[];
  reasons: Reason[];
  /** What the plan assumes of the program and its state. */
  notes: string[];
}

/**
 * Explains a domain, by the planner that preview and update use.
 *
 * @throws Error with a line for each option that is wrong
 */
export function explain(uri: string, observation: Observation, options: ExplainOptions = {}): Explanation {
  const { observed, definition, power, guest, agentConnected, agentError } = observation;
  const { name, uuid, arch, machine, ownership } = definition;
  // A domain that this provider created has the UUID of its URN; an adopted one keeps its own.
  const adopted = ownership === undefined || domainUuid(ownership.urn) !== uuid;
  const { inputs, desired } = programOf(options, observation, adopted);
  return {
    uri,
    name,
    uuid,
    state: power,
    persistent: observed.persistent,
    agentConnected,
    reachable: reachable(desired, observed),
    vcpus: explainedVcpus(inputs, observed, adopted),
    ...defined({
      arch,
      machine,
      owner: ownership && { urn: ownership.urn, adopted },
      live: observed.live && memoryMap(observed.live, guest),
      guest,
      agentError,
      nextBoot: observed.nextBoot && memoryMap(observed.nextBoot),
      pending: pendingMemory(observed),
      plan: options.memory === undefined ? undefined : explainedPlan(inputs, observation, adopted),
    }),
  };
}

export function memoryMap(view: MemoryView, guest?: GuestBlocks): MemoryMap {
  const { memory, currentMemory, cells, maxMemory } = view;
  const off = new Set(misaligned(view));
  const devices = view.devices.map((device): MappedDevice => {
    const blocks = guest && blocksOf(device, guest);
    return { ...device, ours: isManaged(device), misaligned: off.has(device), ...defined({ blocks }) };
  });
  return {
    memory,
    currentMemory,
    cells,
    baseMemory: memory - sum(devices.map(countedSize)),
    devices: devices.sort(byBase),
    freeSlots: freeSlots(view),
    guestBlock: guestBlockOf(view).size,
    ...defined({ maxMemory, freePorts: view.freePorts }),
  };
}

function explainedVcpus(inputs: Inputs, observed: Observed, adopted: boolean): ExplainedVcpus {
  const { live, nextBoot } = observed;
  const desired = desiredVcpus(inputs, DEFAULTS, adopted);
  const numbers = live === undefined || desired === undefined ? [] : liveVcpuNumbers(desired, observed);
  const present = live && vcpuNumbers(live);
  const isUp = present !== undefined && numbers.some(({ from }) => from > present.current);
  const reasons =
    live === undefined || present === undefined || desired === undefined
      ? [DOMAIN_OFF_VCPUS]
      : isUp
        ? []
        : reasonsAgainstPlug(desired, observed, live, present.current + vcpuUnit(live)).map(toReason);
  return {
    reachable: numbers,
    reasons,
    ...defined({ live: present, nextBoot: nextBoot && vcpuNumbers(nextBoot) }),
  };
}

function vcpuNumbers(view: MemoryView): VcpuNumbers {
  return { current: vcpusOf(view), maximum: view.vcpus };
}

function byBase(a: ObservedDevice, b: ObservedDevice): number {
  if (a.base === undefined || b.base === undefined)
    return Number(a.base === undefined) - Number(b.base === undefined);
  const [first, second] = [BigInt(a.base), BigInt(b.base)];
  return first < second ? -1 : Number(first > second);
}

const DOMAIN_OFF: Reason = {
  code: "domain-off",
  text: "the domain is off: another size only changes its definition",
};

const DOMAIN_OFF_VCPUS: Reason = {
  code: "domain-off",
  text: "the domain is off: another number of vCPUs only changes its definition",
};

const DEFINITION_IS_FULL: Reason = {
  code: "definition-beyond-max-memory",
  text: "the definition's other nodes and devices not managed by this provider leave no room below its maximum",
};

const NO_DIMMS: Reason = { code: "too-few-dimms", text: "the domain has no DIMM managed by this provider" };

function reachable(desired: DesiredMemory, observed: Observed): Explanation["reachable"] {
  const { live } = observed;
  if (live === undefined) return { reasons: [DOMAIN_OFF], down: [], reasonsDown: [DOMAIN_OFF] };
  return { ...upwards(desired, observed, live), ...downwards(desired, observed, live) };
}

function upwards(desired: DesiredMemory, observed: Observed, live: MemoryView) {
  const up = upwardSizes(desired, observed);
  if (up !== undefined) return { up, reasons: [] };
  if (desired.device === "virtio-mem")
    return {
      reasons: reasonsOfVirtioMem(desired, live, {
        code: "beyond-virtio-mem-size",
        text: "the virtio-mem devices are at their maximum size",
      }),
    };
  const step = dimmUnit(desired, live).size * targetNodes(desired, live).length;
  const uneven = desired.target === "spread" ? unevenness(live) : 0;
  const reasons = reasonsAgainstAttach({ ...desired, memory: live.memory + (uneven || step) }, live);
  return { reasons: reasons.length > 0 ? reasons.map(toReason) : [DEFINITION_IS_FULL] };
}

function downwards(desired: DesiredMemory, observed: Observed, live: MemoryView) {
  const down = downwardSizes(desired, observed);
  if (down.length > 0) return { down, reasonsDown: [] };
  if (desired.device === "virtio-mem")
    return {
      down,
      reasonsDown: reasonsOfVirtioMem(desired, live, {
        code: "boot-memory",
        text: "the virtio-mem devices are empty, and boot memory can't be removed while the domain runs",
      }),
    };
  const dimms = targetNodes(desired, live).flatMap((node) => removableDimms(node, live));
  if (dimms.length === 0) return { down, reasonsDown: [NO_DIMMS] };
  const allowed = sizesWithUnplug(desired, observed);
  const reasons = [
    ...reasonsAgainstAnyDetach(desired, observed).map(toReason),
    ...(allowed.length > 0 ? [unplugNotAllowed(allowed)] : []),
  ];
  if (reasons.length > 0) return { down, reasonsDown: reasons };
  const memory = live.memory - sum(dimms.map(({ size }) => size));
  return {
    down,
    reasonsDown: reasonsAgainstDetach({ ...desired, memory }, observed, live).map(toReason),
  };
}

function unplugNotAllowed(sizes: Reachable[]): Reason {
  return {
    code: "unplug-not-allowed",
    text: `hotplug.allowUnplug is false (if true: ${formatRanges(sizes)})`,
  };
}

/** @param otherwise the reason where the devices could be resized */
function reasonsOfVirtioMem(desired: DesiredMemory, live: MemoryView, otherwise: Reason): Reason[] {
  const reasons = reasonsAgainstResize({ ...desired, memory: baseMemory(desired, live) }, live);
  return reasons.length > 0 ? reasons.map(toReason) : [otherwise];
}

/** The plan of only the memory: the program's other arguments aren't known. */
function explainedPlan(
  inputs: Inputs,
  { observed, definition }: Observation,
  adopted: boolean,
): ExplainedPlan {
  const { memory: plan } = planUpdate({
    inputs,
    before: inputs,
    observed,
    recorded: undefined,
    defaults: DEFAULTS,
    adopted,
  });
  if (plan === undefined) throw new Error("a size that was typed is known");
  const { outcome, headline, details, steps, reasons } = plan;
  const memory = readCanonicalSize(inputs.memory);
  const pending = pendingMemory(observed);
  const isManaged = definition.ownership !== undefined;
  const notes = [
    ...noteIf(!isManaged, "planned as for a program that has adopted the domain (adopt: true)"),
    ...(inputs.currentMemory === undefined
      ? []
      : [
          `assumes that the program has currentMemory ${formatMib(readCanonicalSize(inputs.currentMemory))}, as the definition does`,
        ]),
    ...noteIf(
      observed.live === undefined,
      "up also starts the domain, unless the program has running: false",
    ),
    ...(isManaged && pending !== undefined && pending !== memory
      ? [
          `this replaces the pending ${formatMib(pending)} if the program's state recorded it; otherwise up refuses it until a refresh`,
        ]
      : []),
  ];
  return { memory, outcome, headline, details, steps, reasons, notes };
}
