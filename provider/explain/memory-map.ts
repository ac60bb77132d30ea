import { defined } from "../defined.ts";
import { type Cell, countedSize } from "../domain/state.ts";
import type { GuestBlocks } from "../guest/agent.ts";
import { type BlocksOfDevice, blocksOf } from "../guest/blocks.ts";
import { isManaged } from "../plan/devices.ts";
import { guestBlockOf, misaligned } from "../plan/dimms/layout.ts";
import { freeSlots } from "../plan/dimms/slots.ts";
import type { MemoryView, ObservedDevice } from "../plan/observed.ts";
import { type Kib, sum } from "../units/kib.ts";

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

function byBase(a: ObservedDevice, b: ObservedDevice): number {
  if (a.base === undefined || b.base === undefined)
    return Number(a.base === undefined) - Number(b.base === undefined);
  const [first, second] = [BigInt(a.base), BigInt(b.base)];
  return first < second ? -1 : Number(first > second);
}
