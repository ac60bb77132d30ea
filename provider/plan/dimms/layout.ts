import { defined } from "../../defined.ts";
import type { Kib } from "../../units/kib.ts";
import { sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { guestBlock } from "../guest-block.ts";
import { type NodeShare, nodeShares } from "../numa/spread.ts";
import type { MemoryView, ObservedDevice } from "../observed.ts";
import type { DimmPlan, Layout } from "../plan.ts";
import { dimmAlias, freePlaces, slotCount } from "./slots.ts";

/** The memory block of the running guest. */
export function guestBlockOf(live: MemoryView): { size: Kib; why?: string } {
  return guestBlock(live, sum(live.cells.map((cell) => cell.memory)), live.guestBlock);
}

/** What every DIMM must be a multiple of, and why that is more than hotplug.alignment. */
export function dimmUnit(desired: DesiredMemory, live: MemoryView): { size: Kib; why?: string } {
  const block = guestBlockOf(live);
  const pageSize = desired.source?.pageSize ?? live.pageSize ?? 0;
  if (block.size > desired.alignment && block.size >= pageSize) return block;
  // All three are powers of two, so the largest is a multiple of the others.
  const where = desired.source?.pageSize === undefined ? "the domain's memoryBacking" : "hotplug.source";
  if (pageSize > desired.alignment) return { size: pageSize, why: `the page size of ${where}` };
  return { size: desired.alignment };
}

/**
 * The fewest DIMMs that make up the increase, in the lowest free slots: one for each target node, or as many as
 * `maxDimmSize` makes of it. The rules have passed: it is a whole number of units, and the slots suffice.
 */
export function layOut(increase: Kib, desired: DesiredMemory, live: MemoryView): Layout {
  const free = freePlaces(live);
  const planned = dimmParts(increase, desired, live);
  const bases = alignedBases(
    planned.map(({ size }) => size),
    live,
  );
  const dimms = planned.map(({ node, size }, index): DimmPlan => {
    const { slot, alias } = free[index] ?? { slot: 0, alias: dimmAlias(0) };
    const base = bases?.[index];
    return defined({ size, node, slot, alias, base, source: desired.source });
  });
  return {
    dimms,
    freeSlots: free.length - dimms.length,
    slots: slotCount(live),
    ceiling: live.maxMemory?.size ?? live.memory,
  };
}

/** The number of DIMMs for an increase. */
export function dimmCount(increase: Kib, desired: DesiredMemory, live: MemoryView): number {
  return dimmParts(increase, desired, live).length;
}

/** Each DIMM with its node: full ones first, so that a node's last is the smaller one. */
function dimmParts(increase: Kib, desired: DesiredMemory, live: MemoryView): NodeShare[] {
  const largest = largestDimm(desired, live);
  return nodeShares(increase, desired, live).flatMap(({ node, size }) => {
    const most = largest ?? size;
    const full = size > 0 ? Math.floor(size / most) : 0;
    const rest = size - full * most;
    return [...Array.from({ length: full }, () => most), ...(rest > 0 ? [rest] : [])].map((part) => ({
      node,
      size: part,
    }));
  });
}

/** The user's limit in whole units: 0 if it is less than one unit, undefined without a limit. */
export function largestDimm(desired: DesiredMemory, live: MemoryView): Kib | undefined {
  const { maxDimmSize } = desired;
  return maxDimmSize === undefined ? undefined : maxDimmSize - (maxDimmSize % dimmUnit(desired, live).size);
}

/**
 * Start addresses for DIMMs that have a misaligned neighbour: QEMU puts the next DIMM right behind the last, off the
 * guest's blocks, so the guest would reject it. Undefined where QEMU's own choice is good.
 */
export function alignedBases(sizes: Kib[], live: MemoryView): string[] | undefined {
  const devices = live.devices.filter((device) => device.base !== undefined);
  if (misaligned(live).length === 0 || devices.length === 0) return undefined;
  const block = BigInt(guestBlockOf(live).size) * 1024n;
  const [end = 0n] = devices.map(endOf).sort((a, b) => (a < b ? 1 : -1));
  let next = ((end + block - 1n) / block) * block;
  return sizes.map((size) => {
    const base = next;
    next += BigInt(size) * 1024n;
    return `0x${base.toString(16)}`;
  });
}

/** Devices that are not aligned to the guest's memory blocks, by their start or their size. */
export function misaligned(live: MemoryView): ObservedDevice[] {
  const block = guestBlockOf(live).size;
  return live.devices.filter(
    (device) =>
      (device.model === "dimm" || device.model === "nvdimm") &&
      (device.size % block !== 0 ||
        (device.base !== undefined && BigInt(device.base) % (BigInt(block) * 1024n) !== 0n)),
  );
}

function endOf(device: ObservedDevice): bigint {
  return BigInt(device.base ?? 0) + BigInt(device.size) * 1024n;
}
