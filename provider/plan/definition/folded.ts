import { defined } from "../../defined.ts";
import { countedSize, type MemoryDevice } from "../../domain/state.ts";
import { KIB_PER_MIB, type Kib, sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import { type CellPlan, cellsFor, MINIMAL_NODE, spreadOver, withMinimalNode } from "../numa/cells.ts";
import { nodeShares, targetNodes } from "../numa/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { MemoryDefinition } from "../plan.ts";
import { type Platform, pluggingReason } from "../platform.ts";
import { definesVirtioMem, hasVirtioMem, withVirtioMem } from "../virtio-mem/definition.ts";
import { virtioMemOn } from "../virtio-mem/devices.ts";

/**
 * QEMU refuses slots without headroom, and a domain without hot-plug has no use for them. Memory devices not managed by this
 * provider need both, and leave headroom above the base memory. An adopted domain keeps the ceiling that it has.
 */
export function ceilingFor(
  desired: DesiredMemory,
  platform: Platform & Partial<Pick<MemoryView, "memory" | "devices" | "maxMemory">>,
): { maxMemory?: { size: Kib; slots: number } } {
  const { size, slots = desired.slots } = platform.maxMemory ?? {};
  const isSame = size === desired.maxMemory && slots === desired.slots;
  const hasHeadroom = desired.maxMemory > desired.memory;
  if (desired.adopted && isSame && (hasHeadroom || platform.memory === desired.memory))
    return { maxMemory: { size, slots } };
  // libvirt: "cannot use/hotplug a memory device when domain 'maxMemory' is not defined".
  if (platform.devices?.some((device) => !isManaged(device)))
    return { maxMemory: { size: desired.maxMemory, slots: desired.slots } };
  const pluggable = desired.enabled && pluggingReason(desired, platform) === undefined;
  return pluggable && hasHeadroom ? { maxMemory: { size: desired.maxMemory, slots: desired.slots } } : {};
}

/**
 * The memory of the inactive definition, so that the next boot has the desired memory as base memory. It is set, never
 * increased by a delta: a second run changes nothing. Devices not managed by this provider stay and count; ours fold into
 * the cell of their node.
 *
 * @param numaChanged the program changed its list of nodes, so the definition gets the new one
 */
export function foldedDefinition(
  desired: DesiredMemory,
  observed: Observed,
  nextBoot: MemoryView,
  numaChanged = false,
): MemoryDefinition {
  const theirs = unmanagedMemory(desired, nextBoot);
  const folded: MemoryDefinition = {
    memory: desired.memory,
    cells: foldedCells(desired, observed, nextBoot, theirs, numaChanged).map(({ id, memory }) => ({
      id,
      memory,
    })),
    ...defined({ currentMemory: foldedBalloon(desired, nextBoot) }),
    ...ceilingFor(desired, nextBoot),
    removeAliases: nextBoot.devices.filter(isManaged).flatMap((device) => device.alias ?? []),
  };
  return withVirtioMem(folded, desired, observed, nextBoot, numaChanged);
}

/**
 * The balloon target of the next boot. One that the program doesn't set rises with the memory, as that of the running domain
 * does, and is lowered only to the memory; undefined: all of the memory.
 */
function foldedBalloon(
  { memory, currentMemory, device }: DesiredMemory,
  nextBoot: MemoryView,
): Kib | undefined {
  if (currentMemory !== undefined) return Math.min(currentMemory, memory);
  const hasVirtioMem =
    device === "virtio-mem" || nextBoot.devices.some(({ model }) => model === "virtio-mem");
  if (hasVirtioMem || nextBoot.currentMemory >= nextBoot.memory) return undefined;
  return Math.min(nextBoot.currentMemory + Math.max(0, memory - nextBoot.memory), memory);
}

/** The memory of the next boot outside the node that takes the rest: other nodes, and devices not managed here. */
export function memoryFixedElsewhere(desired: DesiredMemory, observed: Observed, numaChanged = false): Kib {
  const { nextBoot } = observed;
  if (nextBoot === undefined || nextBoot.cells.length === 0) return 0;
  const { shares = [], target } = desired;
  const others =
    target !== "spread" && !hasDesiredCells(desired, observed, nextBoot, numaChanged)
      ? otherCells(target, observed, nextBoot)
      : shares.filter((_, id) => id !== target);
  return unmanagedMemory(desired, nextBoot) + sum(others.map((cell) => cell.memory));
}

/** The least memory that can be defined: every node needs some, except where the program leaves it empty. */
export function leastMemory(desired: DesiredMemory, observed: Observed, numaChanged = false): Kib {
  const nodes = desired.target === "spread" ? (observed.nextBoot?.cells.length ?? 1) : 1;
  const taken = memoryFixedElsewhere(desired, observed, numaChanged);
  return desired.shares === undefined ? taken + nodes * MINIMAL_NODE : taken;
}

/** Devices not managed by this provider, except virtio-mem on a target node: it is resized as if it were ours. */
function unmanagedMemory(desired: DesiredMemory, nextBoot: MemoryView): Kib {
  const nodes = definesVirtioMem(desired, nextBoot) ? targetNodes(desired, nextBoot) : [];
  const used = new Set(nodes.map((node) => virtioMemOn(node, nextBoot)));
  return sum(nextBoot.devices.filter((device) => !isManaged(device) && !used.has(device)).map(countedSize));
}

/** True when the inactive definition has that memory already: libvirt rounds base memory up to whole MiB at start. */
export function isDefined(definition: MemoryDefinition, nextBoot: MemoryView): boolean {
  const { maxMemory } = nextBoot;
  return (
    isSameAtBoot(definition, nextBoot) &&
    definition.removeAliases.length === 0 &&
    hasVirtioMem(definition.virtioMem ?? [], nextBoot) &&
    maxMemory?.size === definition.maxMemory?.size &&
    maxMemory?.slots === definition.maxMemory?.slots
  );
}

function isSameAtBoot(definition: MemoryDefinition, { memory, cells }: MemoryView): boolean {
  const wholeMib = (size: Kib) => Math.ceil(size / KIB_PER_MIB);
  const base = (of: { memory: Kib }[]) => sum(of.map((cell) => cell.memory));
  if (cells.length !== definition.cells.length) return false;
  if (cells.length === 0) return wholeMib(memory) === wholeMib(definition.memory);
  const isSameCell = (cell: CellPlan) =>
    cells.some(({ id, memory }) => id === cell.id && wholeMib(memory) === wholeMib(cell.memory));
  const inDevices = memory - base(cells);
  return definition.cells.every(isSameCell) && inDevices === definition.memory - base(definition.cells);
}

function foldedCells(
  desired: DesiredMemory,
  observed: Observed,
  nextBoot: MemoryView,
  theirs: Kib,
  numaChanged: boolean,
): CellPlan[] {
  if (nextBoot.cells.length === 0) return firstCell(desired, nextBoot, theirs);
  const { target } = desired;
  const wanted = desired.shares && cellsFor(desired, nextBoot.machine, theirs);
  if (wanted && (hasDesiredCells(desired, observed, nextBoot, numaChanged) || hasCells(nextBoot, wanted)))
    return wanted;
  if (target === "spread") return foldedEvenly(desired, observed, nextBoot, theirs);
  const others = otherCells(target, observed, nextBoot);
  const rest = desired.memory - theirs - sum(others.map((cell) => cell.memory));
  const cells = [...others, { id: target, memory: rest }].sort((a, b) => a.id - b.id);
  return desired.shares === undefined ? cells : withMinimalNode(cells, desired, nextBoot.machine);
}

/** libvirt: "At least one numa node has to be configured when enabling memory hotplug" (before 9.6, which adds it). */
function firstCell(desired: DesiredMemory, nextBoot: MemoryView, theirs: Kib): CellPlan[] {
  return ceilingFor(desired, nextBoot).maxMemory === undefined
    ? []
    : [{ id: 0, memory: desired.memory - theirs }];
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
 * The nodes of the running domain with the increase spread over them, so that each DIMM folds into its node, including
 * DIMMs from when a single node was the target. Where every node then has the same above its share, and for a decrease,
 * the nodes are those of a new domain.
 */
function foldedEvenly(
  desired: DesiredMemory,
  observed: Observed,
  nextBoot: MemoryView,
  theirs: Kib,
): CellPlan[] {
  const { shares = nextBoot.cells.map(() => ({ memory: 0 })) } = desired;
  const atCreation = cellsFor({ ...desired, shares }, nextBoot.machine, theirs);
  // Where other nodes are pending for the next boot, the running domain doesn't have them.
  const live = observed.live?.cells.length === nextBoot.cells.length ? observed.live : undefined;
  const present = nextBoot.cells.map(({ id, memory }) => ({
    id,
    memory: (live && liveCell(id, observed)) ?? memory,
  }));
  const added = live && nodeShares(desired.memory - live.memory, desired, live);
  const reached =
    added?.length === present.length && added.every(({ size }) => size >= 0)
      ? present.map((cell, index) => ({ ...cell, memory: cell.memory + (added[index]?.size ?? 0) }))
      : present;
  // Devices of the running domain, not managed by this provider, that aren't in the definition; below 0 if the
  // definition has more.
  const rest = desired.memory - theirs - sum(reached.map((cell) => cell.memory));
  if (rest < 0) return atCreation;
  const grown = spreadOver(reached, rest);
  const above = grown.map(({ memory }, index) => memory - (shares[index]?.memory ?? 0));
  // Sizes are rounded to MiB for each node, and a minimal one has a MiB of another's.
  const isEven = Math.max(...above) - Math.min(...above) <= (shares.length + 1) * MINIMAL_NODE;
  return isEven ? atCreation : withMinimalNode(grown, desired, nextBoot.machine);
}

/** True if the nodes are to be as the program sets them: it changed them, or only the target node has DIMMs. */
function hasDesiredCells(
  desired: DesiredMemory,
  observed: Observed,
  nextBoot: MemoryView,
  numaChanged: boolean,
): boolean {
  const { shares, target } = desired;
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

/** The base memory and our DIMMs of a node of the running domain. */
function liveCell(node: number, observed: Observed): Kib | undefined {
  const live = observed.live?.cells.find(({ id }) => id === node);
  return live && live.memory + sum(oursOn(node, observed).map(countedSize));
}

function oursOn(node: number, { live }: Observed): MemoryDevice[] {
  return live?.devices.filter((device) => isManaged(device) && device.node === node) ?? [];
}
