import type { Kib } from "../../units/kib.ts";
import { KIB_PER_MIB, sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { supportsEmptyNode } from "../platform.ts";

/** The least memory of a node in QEMU's newer machine types. */
export const MINIMAL_NODE: Kib = KIB_PER_MIB;

export interface CellPlan {
  id: number;
  memory: Kib;
  cpus?: string;
}

/**
 * The cells of a domain: the program's shares, and what is above them in the target node. One function for create,
 * update and replace, so that they agree. There is always a node to plug into, even though libvirt before 9.6 adds
 * none.
 *
 * @param theirs memory at boot in devices not managed by this provider, which the cells leave out
 */
export function cellsFor(desired: DesiredMemory, machine: string | undefined, theirs: Kib = 0): CellPlan[] {
  const shares = (desired.shares ?? [{ memory: 0 }]).map((share, id): CellPlan => ({ id, ...share }));
  const rest = desired.memory - theirs - sum(shares.map((share) => share.memory));
  const cells =
    desired.target === "spread"
      ? spreadOver(shares, rest)
      : shares.map((cell) => (cell.id === desired.target ? { ...cell, memory: cell.memory + rest } : cell));
  return withMinimalNode(cells, desired, machine);
}

/** The same for every cell, in whole MiB; the remainder, where other devices have odd sizes, goes to cell 0. */
export function spreadOver(cells: CellPlan[], rest: Kib): CellPlan[] {
  const part = Math.floor(rest / cells.length / KIB_PER_MIB) * KIB_PER_MIB;
  const left = rest - part * cells.length;
  return cells.map((cell, index) => ({ ...cell, memory: cell.memory + part + (index === 0 ? left : 0) }));
}

/** The 1 MiB of a minimal empty node is taken from the first node that has more, so the total stays. */
export function withMinimalNode(
  cells: CellPlan[],
  desired: DesiredMemory,
  machine: string | undefined,
): CellPlan[] {
  const empty = cells.find((cell) => cell.memory === 0);
  if (empty === undefined || desired.emptyNode === "exact" || supportsEmptyNode(machine)) return cells;
  const giver = cells.find((cell) => cell.memory > MINIMAL_NODE);
  if (giver === undefined) return cells;
  return cells.map((cell) =>
    cell === empty
      ? { ...cell, memory: MINIMAL_NODE }
      : cell === giver
        ? { ...cell, memory: cell.memory - MINIMAL_NODE }
        : cell,
  );
}

/** A sentence about the node without memory at boot, for the preview of a create; undefined where there is none. */
export function emptyNodeNote(desired: DesiredMemory, machine: string | undefined): string | undefined {
  const exact = cellsFor({ ...desired, emptyNode: "exact" }, machine);
  const empty = desired.shares && exact.find((cell) => cell.memory === 0);
  if (empty === undefined) return undefined;
  const giver = cellsFor(desired, machine).find((cell, id) => cell.memory < (exact[id]?.memory ?? 0));
  return giver === undefined
    ? `node ${empty.id} starts without memory`
    : `node ${empty.id} starts with 1 MiB taken from node ${giver.id}`;
}

/** Why a node can't be empty, as a predicate of the argument `numa`; undefined where it can. */
export function emptyNodeRefusal(desired: DesiredMemory, machine: string | undefined): string | undefined {
  // Nodes that the program doesn't name are those of the domain, or of the program's own XML.
  if (desired.shares === undefined) return undefined;
  const empty = cellsFor(desired, machine).find((cell) => cell.memory === 0);
  if (empty === undefined || supportsEmptyNode(machine)) return undefined;
  const type = machine === undefined ? "the host's newest machine type" : machine;
  return `leaves node ${empty.id} empty with hotplug.emptyNode "exact", but ${type} can't start with an empty node; use emptyNode "minimal" (1 MiB in that node), or a machine type up to 5.0 such as "pc-q35-5.0" or "virt-5.0"`;
}
