import type { MemoryDevice } from "../domain/state.ts";
import type { Kib } from "../units/kib.ts";
import { isIn, touchedBlocks, wholeBlocks } from "./blocks.ts";
import type { GuestReport } from "./report.ts";

/** The attached memory that a guest doesn't use, according to the guest agent's list of memory blocks. */
export interface UnusedMemory {
  /** The numbers of its blocks that are offline. */
  offline: number[];
  /** The number of blocks that the guest doesn't have of DIMMs: it rejected them, or is slow. */
  absent: number;
  /** The size of a block. */
  block: Kib;
}

/**
 * What a guest doesn't use of the attached memory now, whatever an earlier run recorded. Undefined where its agent didn't list
 * the blocks. Of virtio-mem only the blocks count that the guest has: its driver decides how many.
 */
export function unusedMemory(
  { devices, devicesFrom }: AttachedMemory,
  report: GuestReport,
): UnusedMemory | undefined {
  const { block, online, offline } = report;
  if (block === undefined || online === undefined) return undefined;
  const isOf = (models: MemoryDevice["model"][]) => {
    const ranges = devices
      .filter(({ model }) => models.includes(model))
      .flatMap(({ base, size }) => (base === undefined ? [] : touchedBlocks({ base, size }, block)));
    return (number: number) => ranges.some((range) => isIn(range, number));
  };
  const dimms = devices.flatMap(({ model, base, size }) =>
    model === "dimm" && base !== undefined ? wholeBlocks({ base, size }, block) : [],
  );
  const present = [...online, ...offline].filter(isOf(["dimm"])).length;
  const all = dimms.reduce((total, { first, end }) => total + Math.max(0, end - first), 0);
  const isAttached = isOf(["dimm", "virtio-mem"]);
  const isBehindBoot = (number: number) => devicesFrom !== undefined && number * block >= devicesFrom;
  return {
    offline: offline.filter((number) => isAttached(number) || isBehindBoot(number)),
    absent: Math.max(0, all - present),
    block,
  };
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
  /** The address from which on there are only memory devices, in KiB: for virtio-mem devices whose address isn't known. */
  devicesFrom?: Kib;
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

/**
 * The same for the record, while the guest has all of the attached memory. Undefined while the balloon has taken memory: a driver
 * with deflate-on-oom doesn't lower MemTotal by it.
 */
export function measuredReserve(attached: AttachedMemory, total: Kib): Kib | undefined {
  const reserve = reservedBy(attached, total);
  return reserve > 0 && attached.currentMemory === attached.memory ? reserve : undefined;
}

/** What is requested of virtio-mem and not taken by the guest yet. */
function waitingSize(devices: MemoryDevice[]): Kib {
  return devices.reduce((total, { requested = 0, current }) => total + requested - (current ?? requested), 0);
}

/** What the guest has taken, or should have taken, of devices. */
export function pluggedSize({ devices }: AttachedMemory): Kib {
  return devices.reduce((total, { size, requested }) => total + (requested ?? size), 0);
}
