import { UNKNOWN } from "../args/unknown.ts";
import type { MemoryView, Observed } from "../plan/observed.ts";
import { isCanonicalSize, readCanonicalSize } from "../units/size.ts";
import { isRecord, type Properties } from "./properties.ts";

/**
 * The memory of a domain that is created from arguments: all of it is base memory.
 *
 * @param old the domain that it replaces, whose platform it has
 * @returns undefined where an argument isn't known
 */
export function newDomain(inputs: Properties, old: Observed | undefined): Observed | undefined {
  const { memory, maxMemory, memorySlots, vcpus = 1, maxVcpus = vcpus, numa } = inputs;
  if (!isCanonicalSize(memory) || numa === UNKNOWN || typeof maxVcpus !== "number") return undefined;
  const size = readCanonicalSize(memory);
  const ceiling = isCanonicalSize(maxMemory) ? readCanonicalSize(maxMemory) : size;
  const platform = old?.live ?? old?.nextBoot;
  const view: MemoryView = {
    memory: size,
    currentMemory: size,
    cells: cellsOf(numa, size),
    devices: [],
    vcpus: maxVcpus,
    ...(typeof vcpus === "number" && vcpus !== maxVcpus && { currentVcpus: vcpus }),
    acpi: platform?.acpi ?? true,
    uefi: platform?.uefi ?? false,
    ...(platform?.arch !== undefined && { arch: platform.arch }),
    ...(ceiling > size && {
      maxMemory: { size: ceiling, ...(typeof memorySlots === "number" && { slots: memorySlots }) },
    }),
  };
  return { power: "running", persistent: true, live: view, nextBoot: view };
}

/** The nodes' own shares; the rest is where the target node is, which is drawn in the first one. */
function cellsOf(numa: unknown, size: number): MemoryView["cells"] {
  const shares = (Array.isArray(numa) ? numa : []).map((node) =>
    isRecord(node) && isCanonicalSize(node.memory) ? readCanonicalSize(node.memory) : 0,
  );
  if (shares.length < 2) return [{ id: 0, memory: size }];
  const rest = size - shares.reduce((total, share) => total + share, 0);
  return shares.map((share, id) => ({ id, memory: id === 0 ? share + Math.max(0, rest) : share }));
}
