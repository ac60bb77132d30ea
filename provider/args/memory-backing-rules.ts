import type { Kib } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import type { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import type { Defaults } from "./settings.ts";
import { knownHotplug, knownSize } from "./unknown.ts";
import { usesVirtioMem } from "./virtio-mem-rules.ts";

/** The huge pages that the program sets. */
export function hugePagesOf({ memoryBacking }: Partial<Inputs>): Kib | undefined {
  return typeof memoryBacking === "object" ? knownSize(memoryBacking.hugePages) : undefined;
}

/** QEMU takes whole pages only ("memory size … must be aligned to page size"). */
export function wholeHugePages(inputs: Partial<Inputs>): Failure[] {
  const page = hugePagesOf(inputs);
  if (page === undefined) return [];
  if (page <= SMALLEST_PAGE)
    return [
      {
        property: "memoryBacking.hugePages",
        reason: `is ${formatMib(page)}, the size of a base page; use a huge page such as "2MiB" or "1GiB", or remove it`,
      },
    ];
  const nodes = Array.isArray(inputs.numa) ? inputs.numa : [];
  const sizes: [property: string, size: Kib | undefined][] = [
    ["memory", knownSize(inputs.memory)],
    ...nodes.map((node, index): [string, Kib | undefined] => [
      `numa[${index}].memory`,
      typeof node === "object" ? knownSize(node.memory) : undefined,
    ]),
  ];
  return sizes.flatMap(([property, size]) => {
    if (size === undefined || size % page === 0) return [];
    const below = size - (size % page);
    const nearest = [below, below + page].filter((near) => near > 0).map(formatMib);
    const reason = `is ${formatMib(size)}, which is not a multiple of ${formatMib(page)} (memoryBacking.hugePages); use ${nearest.join(" or ")}`;
    return [{ property, reason }];
  });
}

const SMALLEST_PAGE: Kib = 4;

/** An empty node starts with 1 MiB, which is less than a huge page. */
export function emptyNodeIsWholePages(inputs: Partial<Inputs>): Failure[] {
  const page = hugePagesOf(inputs) ?? 0;
  const { numa } = inputs;
  if (page <= SMALLEST_NODE || !Array.isArray(numa) || knownHotplug(inputs).emptyNode === "exact") return [];
  const empty = numa.findIndex(
    (node) => typeof node === "object" && (node.memory === undefined || knownSize(node.memory) === 0),
  );
  const { targetNode = 0 } = knownHotplug(inputs);
  // The target node gets what the others leave.
  if (empty === -1 || targetNode === "spread" || targetNode === empty) return [];
  const reason = `leaves node ${empty} with 1 MiB, which is not a multiple of ${formatMib(page)} (memoryBacking.hugePages); give it memory`;
  return [{ property: "numa", reason }];
}

const SMALLEST_NODE: Kib = 1024;

/** QEMU: "Incompatible with mlock" (hw/virtio/virtio-mem.c). */
export function noLockedVirtioMem(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  const { memoryBacking } = inputs;
  if (typeof memoryBacking !== "object" || memoryBacking.locked !== true) return [];
  if (!usesVirtioMem(inputs, defaults)) return [];
  const reason =
    'can\'t be combined with hotplug.device "virtio-mem", which gives memory back to the host; remove one of the two';
  return [{ property: "memoryBacking.locked", reason }];
}
