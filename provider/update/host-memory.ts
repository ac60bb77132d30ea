import type { Hypervisor } from "../libvirt/hypervisor.ts";
import type { DimmPlan } from "../plan/plan.ts";
import type { Kib } from "../units/kib.ts";
import { readNumbers } from "../units/number-list.ts";
import { formatMib, wholeMib } from "../units/size.ts";

/** What the host can't give: as a warning where it may still swap or reclaim, as an error where it may not. */
export interface Shortage {
  severity: "warning" | "error";
  text: string;
}

/**
 * Looks whether the host has the memory that is to be attached: free huge pages of the source nodes, else what is
 * free or can be reclaimed (free + buffers + cached; «free» alone leaves the page cache out).
 *
 * @param pinned the domain's memory is locked or allocated at once, so that too little fails half-way
 */
export async function shortage(
  hypervisor: Hypervisor,
  added: Pick<DimmPlan, "size" | "source">[],
  pinned: boolean,
): Promise<Shortage | undefined> {
  const needed = added.reduce((sum, { size }) => sum + size, 0);
  const pageSize = added[0]?.source?.pageSize;
  if (pageSize !== undefined && pageSize > SMALL_PAGE)
    return hugePageShortage(hypervisor, needed, pageSize, added[0]?.source?.nodemask);
  const { free, buffers, cached } = await hypervisor.nodeMemory();
  const available = free + buffers + cached;
  if (available >= needed) return undefined;
  return {
    severity: pinned ? "error" : "warning",
    text: `the host has ${formatMib(wholeMib(available))} (free, buffers and cached), and ${formatMib(needed)} are to be added${pinned ? " to a domain whose memory is locked or allocated at once" : ""}`,
  };
}

/** The base page of x86-64, and of most AArch64 hosts; POWER has 64 KiB. */
const SMALL_PAGE: Kib = 64;

async function hugePageShortage(
  hypervisor: Hypervisor,
  needed: Kib,
  pageSize: Kib,
  nodemask: string | undefined,
): Promise<Shortage | undefined> {
  const nodes = nodemask === undefined ? [-1] : readNumbers(nodemask);
  const counts = await Promise.all(nodes.map((node) => hypervisor.freePages(pageSize, node)));
  const available = counts.reduce((sum, count) => sum + count * pageSize, 0);
  if (available >= needed) return undefined;
  const where = nodemask === undefined ? "the host" : `host node ${nodemask}`;
  const text = `${where} has ${formatMib(available)} in free pages of ${formatMib(pageSize)}, and ${formatMib(needed)} are to be added`;
  return { severity: "error", text };
}
