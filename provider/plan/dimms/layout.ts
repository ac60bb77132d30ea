import { sayMib, saySize } from "../../args/size.ts";
import type { Kib } from "../../domain/state.ts";
import type { Asked } from "../asked.ts";
import { sum } from "../cells.ts";
import type { MemoryView, SeenDevice } from "../observed.ts";
import type { DimmPlan, Layout } from "../plan.ts";
import { guestBlock } from "../platform.ts";
import { freeSlots, ourAlias, slotCount } from "./slots.ts";
import { type Part, parts } from "./spread.ts";

/** The memory block of the guest that runs. */
export function blockOf(live: MemoryView): { size: Kib; why?: string } {
  return guestBlock(live.arch, sum(live.cells.map((cell) => cell.memory)), live.guestBlock);
}

/** What every DIMM must be a multiple of, and why that is more than the alignment that was asked for. */
export function dimmUnit(asked: Asked, live: MemoryView): { size: Kib; why?: string } {
  const block = blockOf(live);
  const pageSize = asked.source?.pageSize ?? 0;
  if (block.size > asked.alignment && block.size >= pageSize) return block;
  // All three are powers of two, so the largest is a multiple of the others.
  if (pageSize > asked.alignment) return { size: pageSize, why: "the page size of hotplug.source" };
  return { size: asked.alignment };
}

/**
 * The fewest DIMMs that make up the increase, in the lowest free slots: one for each target node, or as many as
 * `maxDimmSize` makes of it. The rules have passed: it is a whole number of units, and the slots suffice.
 */
export function layOut(increase: Kib, asked: Asked, live: MemoryView): Layout {
  const free = freeSlots(live);
  const planned = dimmParts(increase, asked, live);
  const bases = alignedBases(
    planned.map(({ size }) => size),
    live,
  );
  const dimms = planned.map(({ node, size }, index): DimmPlan => {
    const slot = free[index] ?? 0;
    const base = bases?.[index];
    return {
      size,
      node,
      slot,
      alias: ourAlias(slot),
      ...(base !== undefined && { base }),
      ...(asked.source && { source: asked.source }),
    };
  });
  return {
    dimms,
    freeSlots: free.length - dimms.length,
    slots: slotCount(live),
    ceiling: live.maxMemory?.size ?? live.memory,
  };
}

/** How many DIMMs an increase takes. */
export function dimmCount(increase: Kib, asked: Asked, live: MemoryView): number {
  return dimmParts(increase, asked, live).length;
}

/** Each DIMM with its node: full ones first, so that a node's last is the smaller one. */
function dimmParts(increase: Kib, asked: Asked, live: MemoryView): Part[] {
  const largest = largestDimm(asked, live);
  return parts(increase, asked, live).flatMap(({ node, size }) => {
    const most = largest ?? size;
    const full = size > 0 ? Math.floor(size / most) : 0;
    const rest = size - full * most;
    return [...Array.from({ length: full }, () => most), ...(rest > 0 ? [rest] : [])].map((part) => ({
      node,
      size: part,
    }));
  });
}

/** As the user limits it, in whole units; 0 where not even one fits, undefined without a limit. */
export function largestDimm(asked: Asked, live: MemoryView): Kib | undefined {
  const { maxDimmSize } = asked;
  return maxDimmSize === undefined ? undefined : maxDimmSize - (maxDimmSize % dimmUnit(asked, live).size);
}

/**
 * Start addresses for DIMMs that have a misaligned neighbour: QEMU puts the next DIMM right behind the last, off the
 * guest's blocks, and the guest would refuse it. Undefined where QEMU's own choice is good.
 */
export function alignedBases(sizes: Kib[], live: MemoryView): string[] | undefined {
  const devices = live.devices.filter((device) => device.base !== undefined);
  if (misaligned(live).length === 0 || devices.length === 0) return undefined;
  const block = BigInt(blockOf(live).size) * 1024n;
  const [end = 0n] = devices.map(endOf).sort((a, b) => (a < b ? 1 : -1));
  let next = ((end + block - 1n) / block) * block;
  return sizes.map((size) => {
    const base = next;
    next += BigInt(size) * 1024n;
    return `0x${base.toString(16)}`;
  });
}

/** Devices off the guest's memory blocks, by their start or their size. */
export function misaligned(live: MemoryView): SeenDevice[] {
  const block = blockOf(live).size;
  return live.devices.filter(
    (device) =>
      (device.model === "dimm" || device.model === "nvdimm") &&
      (device.size % block !== 0 ||
        (device.base !== undefined && BigInt(device.base) % (BigInt(block) * 1024n) !== 0n)),
  );
}

function endOf(device: SeenDevice): bigint {
  return BigInt(device.base ?? 0) + BigInt(device.size) * 1024n;
}

export function sayDimm({ size, slot, node, base }: DimmPlan): string {
  return `a DIMM of ${saySize(size)} in slot ${slot}, node ${node}${base === undefined ? "" : `, at ${base}`}`;
}

/** «1 DIMM into slot 0», «3 DIMMs (512 MiB, 512 MiB, 256 MiB) into slots 0, 1, 2». */
export function sayDimms(dimms: Pick<SeenDevice, "size" | "slot">[], way: "into" | "out of"): string {
  const slots = dimms.map(({ slot }) => slot).join(", ");
  if (dimms.length === 1) return `1 DIMM ${way} slot ${slots}`;
  const [first] = dimms;
  const alike = dimms.every(({ size }) => size === first?.size);
  const sizes =
    alike && first
      ? `of ${saySize(first.size)} each`
      : `(${dimms.map(({ size }) => sayMib(size)).join(", ")})`;
  return `${dimms.length} DIMMs ${sizes} ${way} slots ${slots}`;
}
