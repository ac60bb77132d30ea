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

/** True where memory comes by virtio-mem; else devices of others stay as they are. */
export function definesVirtioMem(desired: DesiredMemory, nextBoot: MemoryView): boolean {
  return (
    desired.device === "virtio-mem" && desired.enabled && pluggingReason(desired, nextBoot) === undefined
  );
}

/**
 * The definition with virtio-mem: what is asked beside base memory is requested of the devices, and base memory stays,
 * that of the definition or that of the running domain. Where that can't be (less than base, no multiple of the block,
 * more than the devices hold) all of it is base memory, as at creation.
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

/** Undefined where what is asked above these cells can't be requested. */
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

/** True when the inactive definition has these devices already, as far as they are ours to decide. */
export function hasVirtioMem(devices: VirtioMemPlan[], nextBoot: MemoryView): boolean {
  return devices.every(({ node, size, requested }) => {
    const found = virtioMemOn(node, nextBoot);
    return found?.size === size && (found.requested ?? 0) === requested;
  });
}
