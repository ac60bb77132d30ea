import { countedSize } from "../../domain/state.ts";
import { sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import type { CellPlan } from "../numa/cells.ts";
import { targetNodes } from "../numa/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { MemoryDefinition, VirtioMemPlan } from "../plan.ts";
import { pluggingReason } from "../platform.ts";
import { definedDevices, virtioMemOn } from "./devices.ts";
import { distribute } from "./distribute.ts";

/** True where the program adds memory with virtio-mem; otherwise devices not managed by this provider stay. */
export function definesVirtioMem(desired: DesiredMemory, nextBoot: MemoryView): boolean {
  return (
    desired.device === "virtio-mem" && desired.enabled && pluggingReason(desired, nextBoot) === undefined
  );
}

/**
 * The definition with virtio-mem: base memory stays, that of the definition or that of the running domain, and the
 * devices are requested to hold the rest. If they can't (less than base memory, not a multiple of the block, more than
 * they hold), all of it is base memory, as for a new domain.
 *
 * @param folded the definition with all memory as base
 */
export function withVirtioMem(
  folded: MemoryDefinition,
  desired: DesiredMemory,
  observed: Observed,
  nextBoot: MemoryView,
  numaChanged: boolean,
): MemoryDefinition {
  if (folded.cells.length === 0 || !definesVirtioMem(desired, nextBoot)) return folded;
  const hasDimms = nextBoot.devices.some((device) => isManaged(device) && device.model === "dimm");
  const present = numaChanged || hasDimms ? [] : [nextBoot.cells, observed.live?.cells ?? []];
  const bases = present.filter((cells) => cells.length === folded.cells.length);
  for (const cells of [...bases, folded.cells]) {
    const devices = requests(desired, cells, nextBoot);
    if (devices !== undefined) return { ...folded, ...withDevices(devices, desired, cells, folded) };
  }
  return folded;
}

/** Undefined where the devices can't hold the memory above these cells. */
function requests(
  desired: DesiredMemory,
  cells: CellPlan[],
  nextBoot: MemoryView,
): VirtioMemPlan[] | undefined {
  const nodes = targetNodes(desired, nextBoot).filter((node) => cells.some(({ id }) => id === node));
  const devices = definedDevices(desired, nodes, cells, nextBoot);
  const used = new Set(nodes.map((node) => virtioMemOn(node, nextBoot)));
  const theirs = nextBoot.devices.filter((device) => !isManaged(device) && !used.has(device));
  const rest = desired.memory - sum(cells.map(({ memory }) => memory)) - sum(theirs.map(countedSize));
  const requested = distribute(devices, rest);
  return requested && devices.map((device, index) => ({ ...device, requested: requested[index] ?? 0 }));
}

function withDevices(
  devices: VirtioMemPlan[],
  { maxMemory, slots }: DesiredMemory,
  cells: CellPlan[],
  { removeAliases }: MemoryDefinition,
): Partial<MemoryDefinition> {
  if (devices.length === 0) return {};
  return {
    cells: cells.map(({ id, memory }) => ({ id, memory })),
    maxMemory: { size: maxMemory, slots },
    removeAliases: removeAliases.filter((alias) => !devices.some((device) => device.alias === alias)),
    virtioMem: devices,
  };
}

/** True when the inactive definition has these devices already. */
export function hasVirtioMem(devices: VirtioMemPlan[], nextBoot: MemoryView): boolean {
  return devices.every(({ node, size, requested }) => {
    const found = virtioMemOn(node, nextBoot);
    return found?.size === size && (found.requested ?? 0) === requested;
  });
}
