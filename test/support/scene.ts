import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS, hotplugSettings } from "../../provider/args/settings.ts";
import { type Cell, countedSize, type MemoryDevice, type VcpuState } from "../../provider/domain/state.ts";
import type { DesiredMemory } from "../../provider/plan/desired.ts";
import type { MemoryView, Observed, ObservedDevice } from "../../provider/plan/observed.ts";
import { URN } from "./arbitrary-inputs.ts";

/** KiB in a MiB: sizes in the tests of plans are in MiB where a person reads them. */
export const MIB = 1024;

/** One definition as a test gives it, in MiB. */
interface ViewInMib {
  /** The memory of each cell; [] for a domain without NUMA topology. */
  cells?: number[];
  /** The total where there are no cells. */
  memory?: number;
  devices?: MemoryDevice[];
  /** The ceiling; undefined: none. */
  max?: number | undefined;
  slots?: number | undefined;
  acpi?: boolean;
  uefi?: boolean;
  arch?: string;
  machine?: string;
  vcpus?: VcpuState;
}

/** One definition: 1003 MiB in one cell of at most 8 GiB in 16 slots, unless something else is said. */
export function view(said: ViewInMib = {}): MemoryView {
  const { cells = [1003], devices = [], slots = 16, acpi = true, uefi = false, memory = 1003 } = said;
  const { arch = "x86_64", machine, vcpus = { vcpus: 1 } } = said;
  const max = "max" in said ? said.max : 8192;
  const inCells = cells.map((size, id): Cell => ({ id, memory: size * MIB }));
  const sum = [...inCells.map((cell) => cell.memory), ...devices.map(countedSize)];
  const total = cells.length === 0 ? memory * MIB : sum.reduce((a, b) => a + b, 0);
  return {
    memory: total,
    currentMemory: total,
    ...vcpus,
    cells: inCells,
    devices,
    acpi,
    uefi,
    arch,
    ...(machine !== undefined && { machine }),
    ...(max !== undefined && {
      maxMemory: { size: max * MIB, ...(!("slots" in said && said.slots === undefined) && { slots }) },
    }),
  };
}

/** A DIMM of ours. */
export function ours(slot: number, mib: number, node = 0): MemoryDevice {
  return { model: "dimm", size: mib * MIB, node, slot, alias: `ua-pulumi-dimm${slot}` };
}

/** A DIMM not managed by this provider, with an alias or without one, in a slot or without one. */
export function theirs(slot: number | undefined, mib: number, alias?: string): MemoryDevice {
  return {
    model: "dimm",
    size: mib * MIB,
    node: 0,
    ...(slot !== undefined && { slot }),
    ...(alias !== undefined && { alias }),
  };
}

/** A virtio-mem device of ours, of which the guest has what is requested. */
export function vmem(node: number, mib: number, requested = 0): MemoryDevice {
  return {
    ...{ model: "virtio-mem", size: mib * MIB, requested: requested * MIB, block: 2 * MIB, node },
    alias: `ua-pulumi-vmem${node}`,
  };
}

/** So many vCPUs of a domain that was created with room for 8: all but the first are removable. */
export function ofEight(currentVcpus: number): VcpuState {
  const topology = { sockets: 1, dies: 1, cores: 8, threads: 1 };
  return { vcpus: 8, ...(currentVcpus < 8 && { currentVcpus }), topology, fixedVcpus: "0" };
}

/** A running domain whose definition is what it was started with, unless something else is said. */
export function running(live: ViewInMib = {}, nextBoot: ViewInMib = live): Observed {
  return { power: "running", persistent: true, live: view(live), nextBoot: view(nextBoot) };
}

/** A DIMM at an address so many MiB above 4 GiB, and whether the guest onlined it. */
export function placedAt(mibAbove4Gib: number, device: ObservedDevice, taken?: boolean): ObservedDevice {
  const base = `0x${((4096 + mibAbove4Gib) * MIB * 1024).toString(16)}`;
  return { ...device, base, ...(taken !== undefined && { taken }) };
}

/** A running domain of 1003 MiB with these DIMMs, whose guest's agent said its block, in KiB. */
export function heard(devices: ObservedDevice[], definedMib: number, guestBlock = 128 * MIB): Observed {
  return {
    power: "running",
    persistent: true,
    live: { ...view({ devices }), guestBlock },
    nextBoot: view({ cells: [definedMib] }),
  };
}

export function off(nextBoot: ViewInMib = {}): Observed {
  return { power: "off", persistent: true, nextBoot: view(nextBoot) };
}

export function transient(live: ViewInMib = {}): Observed {
  return { power: "running", persistent: false, live: view(live) };
}

/** The same, while it is paused. */
export function paused(observed: Observed): Observed {
  return { ...observed, power: "paused" };
}

/** What a program asks, in MiB: the ceiling and slots that `view` has unless something else is said. */
export function ask(
  memory: number,
  { max = 8192, slots = 16, alignment = 256, maxDimmSize, shares, ...rest }: Partial<AskedInMib> = {},
): DesiredMemory {
  return {
    memory: memory * MIB,
    maxMemory: max * MIB,
    slots,
    ...hotplugSettings({}, DEFAULTS),
    alignment: alignment * MIB,
    target: 0,
    emptyNode: "minimal",
    adopted: false,
    forceOff: false,
    allowDowntime: true,
    width: 64,
    ...(maxDimmSize !== undefined && { maxDimmSize: maxDimmSize * MIB }),
    ...(shares !== undefined && { shares: shares.map((mib) => ({ memory: mib * MIB })) }),
    ...rest,
  };
}

interface AskedInMib extends Omit<DesiredMemory, "memory" | "maxMemory" | "shares"> {
  max: number;
  shares: number[];
}

/** Inputs as check returned them, of a domain of 1003 MiB with at most 8 GiB in 16 slots. */
export const checkedInputs: Inputs = {
  __urn: URN,
  name: "web-1",
  uuid: "b899bb6d-05aa-5ffc-8b90-cc73ab7fee6c",
  memory: "1003MiB",
  maxMemory: "8192MiB",
  memorySlots: 16,
};
