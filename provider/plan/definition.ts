import { countedSize, type Kib, type MemoryDevice } from "../domain/state.ts";
import type { Asked } from "./asked.ts";
import { type CellPlan, cellsFor, MINIMAL_NODE, spreadOver, sum, withMinimalNode } from "./cells.ts";
import { isOurs } from "./dimms/slots.ts";
import { parts, targetNodes } from "./dimms/spread.ts";
import type { MemoryView, Observed } from "./observed.ts";
import type { MemoryDefinition } from "./plan.ts";
import { type Platform, pluggingReason } from "./platform.ts";
import { definesVirtioMem, hasVirtioMem, withVirtioMem } from "./virtio-mem/definition.ts";
import { virtioMemOn } from "./virtio-mem/devices.ts";

/** QEMU refuses slots without headroom; where nothing can be plugged there is no use for them. */
export function ceilingFor(asked: Asked, platform: Platform): { maxMemory?: { size: Kib; slots: number } } {
  const pluggable = asked.enabled && pluggingReason(asked, platform) === undefined;
  return pluggable && asked.maxMemory > asked.memory
    ? { maxMemory: { size: asked.maxMemory, slots: asked.slots } }
    : {};
}

/**
 * The memory that the inactive definition shall have, so that the next boot has what is asked as base memory.
 * Set, never increased by a delta: carrying it out twice is carrying it out once. Devices that others put into
 * the definition stay and count; ours fold into the cell of their node.
 *
 * @param numaChanged the program's list of nodes is another one, so the nodes are as it says now
 */
export function foldedDefinition(
  asked: Asked,
  observed: Observed,
  nextBoot: MemoryView,
  numaChanged = false,
): MemoryDefinition {
  const theirs = theirMemory(asked, nextBoot);
  const folded: MemoryDefinition = {
    memory: asked.memory,
    cells: foldedCells(asked, observed, nextBoot, theirs, numaChanged).map(({ id, memory }) => ({
      id,
      memory,
    })),
    ...(asked.currentMemory !== undefined && { currentMemory: Math.min(asked.currentMemory, asked.memory) }),
    ...ceilingFor(asked, nextBoot),
    removeAliases: nextBoot.devices.filter(isOurs).flatMap((device) => device.alias ?? []),
  };
  return withVirtioMem(folded, asked, observed, nextBoot, numaChanged);
}

/** What the next boot has beside the node that takes the rest: devices of others, and the other nodes. */
export function takenByOthers(asked: Asked, observed: Observed, numaChanged = false): Kib {
  const { nextBoot } = observed;
  if (nextBoot === undefined || nextBoot.cells.length === 0) return 0;
  const { shares = [], target } = asked;
  const others =
    target !== "spread" && !isAsSaid(asked, observed, nextBoot, numaChanged)
      ? otherCells(target, observed, nextBoot)
      : shares.filter((_, id) => id !== target);
  return theirMemory(asked, nextBoot) + sum(others.map((cell) => cell.memory));
}

/** The least that can be defined: more than others take, but for nodes that the program itself leaves without memory. */
export function leastMemory(asked: Asked, observed: Observed, numaChanged = false): Kib {
  const nodes = asked.target === "spread" ? (observed.nextBoot?.cells.length ?? 1) : 1;
  const taken = takenByOthers(asked, observed, numaChanged);
  return asked.shares === undefined ? taken + nodes * MINIMAL_NODE : taken;
}

/** A virtio-mem device of others on a node that takes memory is used as if it were ours. */
function theirMemory(asked: Asked, nextBoot: MemoryView): Kib {
  const nodes = definesVirtioMem(asked, nextBoot) ? targetNodes(asked, nextBoot) : [];
  const used = new Set(nodes.map((node) => virtioMemOn(node, nextBoot)));
  return sum(nextBoot.devices.filter((device) => !isOurs(device) && !used.has(device)).map(countedSize));
}

/** True when the inactive definition has exactly that memory already. */
export function isDefined(definition: MemoryDefinition, nextBoot: MemoryView): boolean {
  const { maxMemory } = nextBoot;
  return (
    nextBoot.memory === definition.memory &&
    definition.removeAliases.length === 0 &&
    hasCells(nextBoot, definition.cells) &&
    hasVirtioMem(definition.virtioMem ?? [], nextBoot) &&
    maxMemory?.size === definition.maxMemory?.size &&
    maxMemory?.slots === definition.maxMemory?.slots
  );
}

function foldedCells(
  asked: Asked,
  observed: Observed,
  nextBoot: MemoryView,
  theirs: Kib,
  numaChanged: boolean,
): CellPlan[] {
  if (nextBoot.cells.length === 0) return firstCell(asked, nextBoot, theirs);
  const { target } = asked;
  const said = asked.shares && cellsFor(asked, nextBoot.machine, theirs);
  if (said && (isAsSaid(asked, observed, nextBoot, numaChanged) || hasCells(nextBoot, said))) return said;
  if (target === "spread") return foldedEvenly(asked, observed, nextBoot, theirs);
  const others = otherCells(target, observed, nextBoot);
  const rest = asked.memory - theirs - sum(others.map((cell) => cell.memory));
  const cells = [...others, { id: target, memory: rest }].sort((a, b) => a.id - b.id);
  return asked.shares === undefined ? cells : withMinimalNode(cells, asked, nextBoot.machine);
}

/** libvirt: «At least one numa node has to be configured when enabling memory hotplug» (before 9.6, which adds it). */
function firstCell(asked: Asked, nextBoot: MemoryView, theirs: Kib): CellPlan[] {
  return ceilingFor(asked, nextBoot).maxMemory === undefined
    ? []
    : [{ id: 0, memory: asked.memory - theirs }];
}

function hasCells(nextBoot: MemoryView, cells: CellPlan[]): boolean {
  return (
    nextBoot.cells.length === cells.length &&
    cells.every(({ id, memory }) => nextBoot.cells.some((cell) => cell.id === id && cell.memory === memory))
  );
}

function otherCells(target: number, observed: Observed, nextBoot: MemoryView): CellPlan[] {
  return nextBoot.cells
    .filter((cell) => cell.id !== target)
    .map((cell) => ({ id: cell.id, memory: foldedCell(cell, observed) }));
}

/**
 * The nodes as the running domain has them when the increase is spread, so that each DIMM folds into its node: also
 * those from when one node alone was the target. Where that comes to the same above each share, or where less is
 * asked, it is as at creation.
 */
function foldedEvenly(asked: Asked, observed: Observed, nextBoot: MemoryView, theirs: Kib): CellPlan[] {
  const { shares = nextBoot.cells.map(() => ({ memory: 0 })) } = asked;
  const atCreation = cellsFor({ ...asked, shares }, nextBoot.machine, theirs);
  // Other nodes wait for the next boot: what runs says nothing of them.
  const live = observed.live?.cells.length === nextBoot.cells.length ? observed.live : undefined;
  const present = nextBoot.cells.map(({ id, memory }) => ({
    id,
    memory: (live && liveCell(id, observed)) ?? memory,
  }));
  const added = live && parts(asked.memory - live.memory, asked, live);
  const reached =
    added?.length === present.length && added.every(({ size }) => size >= 0)
      ? present.map((cell, index) => ({ ...cell, memory: cell.memory + (added[index]?.size ?? 0) }))
      : present;
  // What others have in the running domain alone; below 0 where they have more in the definition.
  const rest = asked.memory - theirs - sum(reached.map((cell) => cell.memory));
  if (rest < 0) return atCreation;
  const grown = spreadOver(reached, rest);
  const above = grown.map(({ memory }, index) => memory - (shares[index]?.memory ?? 0));
  // Sizes are rounded to MiB for each node, and a minimal one has a MiB of another's.
  const isEven = Math.max(...above) - Math.min(...above) <= (shares.length + 1) * MINIMAL_NODE;
  return isEven ? atCreation : withMinimalNode(grown, asked, nextBoot.machine);
}

/** True where the nodes are as the program says: other ones than before, or no node but the target has DIMMs from when it was that. */
function isAsSaid(asked: Asked, observed: Observed, nextBoot: MemoryView, numaChanged: boolean): boolean {
  const { shares, target } = asked;
  if (shares === undefined) return false;
  if (numaChanged || shares.length !== nextBoot.cells.length) return true;
  if (target === "spread") return false;
  return nextBoot.cells.every((cell) => {
    const share = shares[cell.id]?.memory ?? 0;
    const memory = foldedCell(cell, observed);
    return cell.id === target || memory === share || Math.abs(memory - share) === MINIMAL_NODE;
  });
}

function foldedCell(cell: { id: number; memory: Kib }, observed: Observed): Kib {
  return oursOn(cell.id, observed).length === 0 ? cell.memory : (liveCell(cell.id, observed) ?? cell.memory);
}

/** What a node of the running domain has of base memory and of our DIMMs. */
function liveCell(node: number, observed: Observed): Kib | undefined {
  const live = observed.live?.cells.find(({ id }) => id === node);
  return live && live.memory + sum(oursOn(node, observed).map(countedSize));
}

function oursOn(node: number, { live }: Observed): MemoryDevice[] {
  return live?.devices.filter((device) => isOurs(device) && device.node === node) ?? [];
}
