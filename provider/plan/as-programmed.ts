import { isDeepStrictEqual } from "node:util";
import { vcpusOf } from "../domain/state.ts";
import { readNumbers } from "../units/number-list.ts";
import type { DesiredMemory } from "./desired.ts";
import { cellsFor } from "./numa/cells.ts";
import type { MemoryView, Observed } from "./observed.ts";
import type { DesiredVcpus } from "./vcpus/desired.ts";

/**
 * Whether every size of a domain, running and in its definition, is one that follows from the program: as after a start with the
 * program's definition, and not, for example, the base memory of an earlier program with a DIMM.
 */
export function isAsProgrammed(
  desired: DesiredMemory | undefined,
  numbers: DesiredVcpus | undefined,
  { live, nextBoot, saved, told, vcpuRemoval }: Observed,
): boolean {
  if (desired === undefined || numbers === undefined) return false;
  if (saved !== undefined || told !== undefined || vcpuRemoval !== undefined) return false;
  const views = [live, nextBoot].filter((view) => view !== undefined);
  const isSame = live === undefined || nextBoot === undefined || hasSameSizes(live, nextBoot);
  return isSame && views.every((view) => hasDesiredMemory(desired, view) && hasDesiredVcpus(numbers, view));
}

function hasDesiredMemory(desired: DesiredMemory, view: MemoryView): boolean {
  const { memory, currentMemory, maxMemory, cells, devices, written, machine } = view;
  const sizes = (of: readonly { memory: number }[]) => of.map((cell) => cell.memory);
  return (
    memory === desired.memory &&
    currentMemory === Math.min(memory, desired.currentMemory ?? memory) &&
    (maxMemory === undefined ||
      (maxMemory.size === desired.maxMemory && maxMemory.slots === desired.slots)) &&
    (cells.length <= 1 || isDeepStrictEqual(sizes(cells), sizes(cellsFor(desired, machine)))) &&
    devices.length === 0 &&
    (written === undefined || written === memory)
  );
}

function hasDesiredVcpus(numbers: DesiredVcpus, view: MemoryView): boolean {
  const present = vcpusOf(view);
  const { sockets = 1, dies = 1, threads = 1 } = view.topology ?? {};
  const isDefaultTopology = sockets === (numbers.nodes ?? 1) && dies === 1 && threads === 1;
  const fixed = view.fixedVcpus === undefined ? [0] : readNumbers(view.fixedVcpus);
  return (
    present === numbers.vcpus &&
    view.vcpus === (numbers.maximum ?? present) &&
    (numbers.topology === undefined
      ? view.topology === undefined || isDefaultTopology
      : isDeepStrictEqual(view.topology, numbers.topology)) &&
    (fixed.length === 1 || fixed.length === present)
  );
}

/** What a program may set that the desired memory and vCPUs don't have. */
function hasSameSizes(live: MemoryView, nextBoot: MemoryView): boolean {
  const { pageSize, hardLimit, fixedVcpus, topology } = live;
  return (
    pageSize === nextBoot.pageSize &&
    hardLimit === nextBoot.hardLimit &&
    fixedVcpus === nextBoot.fixedVcpus &&
    isDeepStrictEqual(topology, nextBoot.topology)
  );
}
