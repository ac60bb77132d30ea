import type { Kib } from "../domain/state.ts";
import type { Asked } from "./asked.ts";
import { isOurs } from "./layout.ts";
import type { MemoryView, Observed } from "./observed.ts";
import type { MemoryDefinition } from "./plan.ts";

/** The cells of a domain made from scratch: one node, so that there is one to plug into, also where libvirt adds none (before 9.6). */
export function initialCells(asked: Asked): { id: number; memory: Kib }[] {
  return [{ id: asked.targetNode, memory: asked.memory }];
}

/** QEMU refuses slots without headroom: a domain whose memory is its maximum has no maxMemory. */
export function ceilingFor(asked: Asked): { maxMemory?: { size: Kib; slots: number } } {
  return asked.maxMemory > asked.memory ? { maxMemory: { size: asked.maxMemory, slots: asked.slots } } : {};
}

/**
 * The memory that the inactive definition shall have, so that the next boot has what is asked as base memory.
 * Set, never increased by a delta: carrying it out twice is carrying it out once. Devices that others put into
 * the definition stay and count; ours fold into the cell of their node.
 */
export function foldedDefinition(asked: Asked, observed: Observed, nextBoot: MemoryView): MemoryDefinition {
  const rest = asked.memory - takenByOthers(asked, observed);
  const cells =
    nextBoot.cells.length === 0
      ? []
      : [...otherCells(asked, observed, nextBoot), { id: asked.targetNode, memory: rest }];
  return {
    memory: asked.memory,
    cells: cells.sort((a, b) => a.id - b.id),
    ...ceilingFor(asked),
    removeAliases: nextBoot.devices.filter(isOurs).flatMap((device) => device.alias ?? []),
  };
}

/**
 * What the next boot has beside the cell that takes the rest: devices of others and the other cells. A size must be
 * above it.
 */
export function takenByOthers(asked: Asked, observed: Observed): Kib {
  const { nextBoot } = observed;
  if (nextBoot === undefined || nextBoot.cells.length === 0) return 0;
  const theirs = nextBoot.devices.filter((device) => !isOurs(device)).map((device) => device.size);
  return total(theirs) + total(otherCells(asked, observed, nextBoot).map((cell) => cell.memory));
}

/** True when the inactive definition has exactly that memory already. */
export function isDefined(definition: MemoryDefinition, nextBoot: MemoryView): boolean {
  const { maxMemory } = nextBoot;
  return (
    nextBoot.memory === definition.memory &&
    definition.removeAliases.length === 0 &&
    definition.cells.every(
      (cell) => nextBoot.cells.find(({ id }) => id === cell.id)?.memory === cell.memory,
    ) &&
    maxMemory?.size === definition.maxMemory?.size &&
    maxMemory?.slots === definition.maxMemory?.slots
  );
}

function otherCells(asked: Asked, observed: Observed, nextBoot: MemoryView): { id: number; memory: Kib }[] {
  return nextBoot.cells
    .filter((cell) => cell.id !== asked.targetNode)
    .map((cell) => ({ id: cell.id, memory: foldedCell(cell, observed) }));
}

function foldedCell(cell: { id: number; memory: Kib }, observed: Observed): Kib {
  const live = observed.live?.cells.find(({ id }) => id === cell.id);
  const ours = observed.live?.devices.filter((device) => isOurs(device) && device.node === cell.id) ?? [];
  return live === undefined || ours.length === 0
    ? cell.memory
    : live.memory + total(ours.map((device) => device.size));
}

function total(sizes: Kib[]): Kib {
  return sizes.reduce((sum, size) => sum + size, 0);
}
