import { UNKNOWN } from "../args/unknown.ts";
import { isRecord } from "../is-record.ts";
import type { MemoryView, Observed } from "../plan/observed.ts";
import { sum } from "../units/kib.ts";
import { sizeIn } from "../units/size.ts";
import type { Properties } from "./properties.ts";

/**
 * The memory of a domain that is created from arguments: all of it is base memory.
 *
 * @param old the domain that it replaces, whose platform it has
 * @returns undefined where an argument isn't known
 */
export function newDomain(inputs: Properties, old: Observed | undefined): Observed | undefined {
  const { memory, maxMemory, memorySlots, vcpus = 1, maxVcpus = vcpus, numa } = inputs;
  const size = sizeIn(memory);
  if (size === undefined || numa === UNKNOWN || typeof maxVcpus !== "number") return undefined;
  const ceiling = sizeIn(maxMemory) ?? size;
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
    isRecord(node) ? (sizeIn(node.memory) ?? 0) : 0,
  );
  if (shares.length < 2) return [{ id: 0, memory: size }];
  const rest = size - sum(shares);
  return shares.map((share, id) => ({ id, memory: id === 0 ? share + Math.max(0, rest) : share }));
}
