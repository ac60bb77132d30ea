import { defined } from "../defined.ts";
import { backingPages, type MemoryBacking } from "../domain/backing.ts";
import { readXml } from "../domain/parse.ts";
import { attribute, children, find } from "../domain/tree.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import type { DimmPlan } from "../plan/plan.ts";
import { KIB_PER_MIB, type Kib, sum } from "../units/kib.ts";
import { readNumbers, writeNumbers } from "../units/number-list.ts";
import { parseScaled } from "../units/scale.ts";
import { formatMib, wholeMib } from "../units/size.ts";

/** Memory that the host has to provide, the guest node that gets it, and where it comes from. */
export type HostMemory = Pick<DimmPlan, "size" | "source"> & Partial<Pick<DimmPlan, "node">>;

/** The host doesn't have the memory: a warning if it may still swap or reclaim, an error if it can't. */
export interface HostShortage {
  severity: "warning" | "error";
  text: string;
}

/**
 * The same with the pages that libvirt takes for it: those of its own source, else those that back the guest's node
 * (`<memoryBacking><hugepages>`, `<numatune>`).
 */
export async function withBacking(
  hypervisor: Hypervisor,
  added: HostMemory[],
  backing: MemoryBacking | undefined,
): Promise<HostMemory[]> {
  if (backing === undefined) return added;
  const sources = added.map(({ source = {}, node = 0 }) => ({ ...backingPages(backing, node), ...source }));
  const isDefault = sources.some(({ pageSize }) => pageSize === "default");
  const usual = isDefault ? defaultHugePage(await hypervisor.capabilities()) : 0;
  return added.map((memory, index) => {
    const { pageSize, nodemask } = sources[index] ?? {};
    const size = pageSize === "default" ? usual : pageSize;
    return { ...memory, source: defined({ nodemask, pageSize: size }) };
  });
}

/** The kernel's default is the smallest huge page on x86-64, AArch64 and POWER, unless its command line sets another. */
function defaultHugePage(capabilities: string): Kib {
  const pages = children(find(readXml(capabilities), "host", "cpu"), "pages");
  const sizes = pages.map((page) =>
    parseScaled("<pages size>", attribute(page, "size") ?? "", attribute(page, "unit")),
  );
  const huge = sizes.filter((size) => size > LARGEST_BASE_PAGE);
  return huge.length === 0 ? USUAL_HUGE_PAGE : Math.min(...huge);
}

const USUAL_HUGE_PAGE: Kib = 2 * KIB_PER_MIB;

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
  const isHuge = ({ source }: HostMemory) => (source?.pageSize ?? 0) > LARGEST_BASE_PAGE;
  for (const [pageSize, memory] of grouped(added.filter(isHuge), ({ source }) => source?.pageSize ?? 0)) {
    const sources = grouped(memory, ({ source }) => source?.nodemask);
    // Sources share the pages of the nodes that they have in common.
    const all: [string | undefined, HostMemory[]][] = sources.size > 1 ? [[undefined, memory]] : [];
    for (const [nodemask, part] of [...sources, ...unions([...sources]), ...all]) {
      const shortage = await hugePageShortage(hypervisor, sizeOf(part), pageSize, nodemask);
      if (shortage !== undefined) return shortage;
    }
  }
  const needed = sizeOf(added.filter((memory) => !isHuge(memory)));
  if (needed === 0) return undefined;
  const { free, buffers, cached } = await hypervisor.nodeMemory();
  const available = free + buffers + cached;
  if (available >= needed) return undefined;
  const text = `the host has only ${formatMib(wholeMib(available))} available (free, buffers and cached), less than the ${formatMib(needed)} to add`;
  if (!isPinned) return { severity: "warning", text };
  return { severity: "error", text: `${text}, and the domain's memory is locked or allocated at once` };
}

function sizeOf(memory: HostMemory[]): Kib {
  return sum(memory.map(({ size }) => size));
}

function grouped<Key>(memory: HostMemory[], keyOf: (one: HostMemory) => Key): Map<Key, HostMemory[]> {
  const groups = new Map<Key, HostMemory[]>();
  for (const one of memory) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

/** Sources that are looked at together, at most: all unions of n of them are 2ⁿ. */
const MOST_SOURCES = 8;

/** All unions of two or more lists of host nodes, and the memory that comes from any part of such a union. */
function unions(sources: [string | undefined, HostMemory[]][]): [string, HostMemory[]][] {
  const named = sources.flatMap(([nodemask, memory]) =>
    nodemask === undefined ? [] : [{ nodes: readNumbers(nodemask), memory, count: 1 }],
  );
  if (named.length > MOST_SOURCES) return [];
  const found: typeof named = [];
  for (const one of named)
    found.push(
      one,
      ...found.map(({ nodes, memory, count }) => ({
        nodes: [...new Set([...nodes, ...one.nodes])],
        memory: [...memory, ...one.memory],
        count: count + 1,
      })),
    );
  return found.flatMap(({ nodes, memory, count }) => (count > 1 ? [[writeNumbers(nodes), memory]] : []));
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
  const where =
    nodemask === undefined ? "the host" : `host ${nodes.length === 1 ? "node" : "nodes"} ${nodemask}`;
  const text = `${where} has only ${formatMib(available)} in free pages of ${formatMib(pageSize)}, less than the ${formatMib(needed)} to add`;
  return { severity: "error", text };
}
