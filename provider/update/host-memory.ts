import type { Hypervisor } from "../libvirt/hypervisor.ts";
import type { DimmPlan } from "../plan/plan.ts";
import { type Kib, sum } from "../units/kib.ts";
import { readNumbers } from "../units/number-list.ts";
import { formatMib, wholeMib } from "../units/size.ts";

/** Memory that the host has to provide, and where it comes from. */
export type HostMemory = Pick<DimmPlan, "size" | "source">;

/** The host doesn't have the memory: a warning if it may still swap or reclaim, an error if it can't. */
export interface HostShortage {
  severity: "warning" | "error";
  text: string;
}

/**
 * Compares the memory that is to be added with what the host has: free huge pages of the source nodes, else memory that is
 * free or can be reclaimed (free + buffers + cached: `free` by itself leaves the page cache out).
 *
 * @param isPinned the domain's memory is locked or allocated at once, so that too little fails halfway
 */
export async function hostShortage(
  hypervisor: Hypervisor,
  added: HostMemory[],
  isPinned: boolean,
): Promise<HostShortage | undefined> {
  const needed = sum(added.map(({ size }) => size));
  const { pageSize, nodemask } = added[0]?.source ?? {};
  if (pageSize !== undefined && pageSize > LARGEST_BASE_PAGE)
    return hugePageShortage(hypervisor, needed, pageSize, nodemask);
  const { free, buffers, cached } = await hypervisor.nodeMemory();
  const available = free + buffers + cached;
  if (available >= needed) return undefined;
  const text = `the host has only ${formatMib(wholeMib(available))} available (free, buffers and cached), less than the ${formatMib(needed)} to add`;
  if (!isPinned) return { severity: "warning", text };
  return { severity: "error", text: `${text}, and the domain's memory is locked or allocated at once` };
}

/** The base page is 4 KiB on x86-64 and most AArch64 hosts, 64 KiB on POWER and some AArch64 hosts. */
const LARGEST_BASE_PAGE: Kib = 64;

async function hugePageShortage(
  hypervisor: Hypervisor,
  needed: Kib,
  pageSize: Kib,
  nodemask: string | undefined,
): Promise<HostShortage | undefined> {
  // libvirt takes -1 for all nodes together (virNodeGetFreePages).
  const nodes = nodemask === undefined ? [-1] : readNumbers(nodemask);
  const counts = await Promise.all(nodes.map((node) => hypervisor.freePages(pageSize, node)));
  const available = sum(counts.map((count) => count * pageSize));
  if (available >= needed) return undefined;
  const where = nodemask === undefined ? "the host" : `host node ${nodemask}`;
  const text = `${where} has only ${formatMib(available)} in free pages of ${formatMib(pageSize)}, less than the ${formatMib(needed)} to add`;
  return { severity: "error", text };
}
