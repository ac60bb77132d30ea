import { countedSize } from "../../domain/state.ts";
import type { Asked } from "../asked.ts";
import { type CellPlan, sum } from "../cells.ts";
import { isOurs } from "../dimms/slots.ts";
import { targetNodes } from "../dimms/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { MemoryDefinition, VirtioMemPlan } from "../plan.ts";
import { pluggingReason } from "../platform.ts";
import { definedDevices, virtioMemOn } from "./devices.ts";
import { levelled } from "./level.ts";

/** True where memory comes by virtio-mem; else devices of others stay as they are. */
export function definesVirtioMem(asked: Asked, nextBoot: MemoryView): boolean {
  return asked.device === "virtio-mem" && asked.enabled && pluggingReason(asked, nextBoot) === undefined;
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
  asked: Asked,
  observed: Observed,
  nextBoot: MemoryView,
  numaChanged: boolean,
): MemoryDefinition {
  if (folded.cells.length === 0 || !definesVirtioMem(asked, nextBoot)) return folded;
  const hasDimms = nextBoot.devices.some((device) => isOurs(device) && device.model === "dimm");
  const present = numaChanged || hasDimms ? [] : [nextBoot.cells, observed.live?.cells ?? []];
  const bases = present.filter((cells) => cells.length === folded.cells.length);
  for (const cells of [...bases, folded.cells]) {
    const devices = requests(asked, cells, nextBoot);
    if (devices !== undefined) return { ...folded, ...withDevices(devices, asked, cells, folded) };
  }
  return folded;
}

/** Undefined where what is asked above these cells can't be requested. */
function requests(asked: Asked, cells: CellPlan[], nextBoot: MemoryView): VirtioMemPlan[] | undefined {
  const nodes = targetNodes(asked, nextBoot).filter((node) => cells.some(({ id }) => id === node));
  const devices = definedDevices(asked, nodes, cells, nextBoot);
  const used = new Set(nodes.map((node) => virtioMemOn(node, nextBoot)));
  const theirs = nextBoot.devices.filter((device) => !isOurs(device) && !used.has(device));
  const rest = asked.memory - sum(cells.map(({ memory }) => memory)) - sum(theirs.map(countedSize));
  const requested = levelled(devices, rest);
  return requested && devices.map((device, index) => ({ ...device, requested: requested[index] ?? 0 }));
}

function withDevices(
  devices: VirtioMemPlan[],
  { maxMemory, slots }: Asked,
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
