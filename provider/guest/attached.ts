import type { MemoryDevice } from "../domain/state.ts";
import type { Kib } from "../units/kib.ts";
import { isIn, touchedBlocks, wholeBlocks } from "./blocks.ts";
import type { GuestReport } from "./report.ts";

/** The memory of DIMMs that a guest doesn't use, by its agent's list of memory blocks. */
export interface UnusedMemory {
  /** The numbers of its blocks that are offline. */
  offline: number[];
  /** The number of blocks that the guest doesn't have: it rejected them, or is slow. */
  absent: number;
  /** The size of a block. */
  block: Kib;
}

/**
 * What a guest doesn't use of these DIMMs now, whatever an earlier run recorded. Undefined where its agent didn't list the
 * blocks. Devices without an address are left out, and so is virtio-mem: its driver decides how much the guest uses.
 */
export function unusedMemory(devices: MemoryDevice[], report: GuestReport): UnusedMemory | undefined {
  const { block, online, offline } = report;
  if (block === undefined || online === undefined) return undefined;
  const dimms = devices.flatMap(({ model, base, size }) =>
    model === "dimm" && base !== undefined ? { base, size } : [],
  );
  const isInDimm = (number: number) => dimms.some((dimm) => isIn(touchedBlocks(dimm, block), number));
  const present = [...online, ...offline].filter(isInDimm).length;
  const expected = dimms
    .map((dimm) => wholeBlocks(dimm, block))
    .map(({ first, end }) => Math.max(0, end - first));
  const all = expected.reduce((total, count) => total + count, 0);
  return { offline: offline.filter(isInDimm), absent: Math.max(0, all - present), block };
}

/** @param leavesOffline nobody has to bring the blocks online */
export function unusedSize({ offline, absent, block }: UnusedMemory, leavesOffline: boolean): Kib {
  return (absent + (leavesOffline ? 0 : offline.length)) * block;
}

/** The memory of a running domain, without what its guest rejected for good and what is removed. */
export interface AttachedMemory {
  memory: Kib;
  currentMemory: Kib;
  devices: MemoryDevice[];
  /** The part of it that MemTotal doesn't count if the guest has all of it, where that is known for this start. */
  reserved?: Kib;
}

/**
 * The part of a domain's memory that MemTotal doesn't count: what the guest's kernel keeps for itself at boot, plus what the
 * guest doesn't use of the attached memory. Hot-plug doesn't change the first part, so a larger value than before means that
 * the guest lacks memory.
 *
 * @param total MemTotal: the balloon lowers it, and virtio-mem counts once the guest has taken it
 */
export function reservedBy({ memory, currentMemory, devices }: AttachedMemory, total: Kib): Kib {
  const ballooned = Math.max(0, memory - currentMemory);
  return memory - waitingSize(devices) - ballooned - total;
}

/** What is requested of virtio-mem and not taken by the guest yet. */
function waitingSize(devices: MemoryDevice[]): Kib {
  return devices.reduce((total, { requested = 0, current }) => total + requested - (current ?? requested), 0);
}

/** What the guest has taken, or should have taken, of devices. */
export function pluggedSize({ devices }: AttachedMemory): Kib {
  return devices.reduce((total, { size, requested }) => total + (requested ?? size), 0);
}
