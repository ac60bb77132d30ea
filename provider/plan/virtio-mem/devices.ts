import type { MemoryDevice } from "../../domain/state.ts";
import { KIB_PER_MIB, type Kib, sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import { guestBlock } from "../guest-block.ts";
import type { CellPlan } from "../numa/cells.ts";
import type { MemoryView } from "../observed.ts";
import type { VirtioMemPlan } from "../plan.ts";

/** The huge page of most hosts: the least that QEMU and libvirt take (hw/virtio/virtio-mem.c, virDomainMemoryDefValidate). */
const LEAST_BLOCK: Kib = 2 * KIB_PER_MIB;

/** The alias of our device on a node: a contract with existing states and definitions. */
function virtioMemAlias(node: number): string {
  return `ua-pulumi-vmem${node}`;
}

/** The virtio-mem device that gives a node its memory: ours, else the first one not managed by this provider. */
export function virtioMemOn(node: number, view: Pick<MemoryView, "devices">): MemoryDevice | undefined {
  const there = view.devices.filter((device) => device.model === "virtio-mem" && device.node === node);
  return there.find(isManaged) ?? there[0];
}

/** The step in which a device grows and shrinks. */
export function deviceBlock({ block = LEAST_BLOCK }: Pick<MemoryDevice, "block">): Kib {
  return block;
}

/** The requested size of the virtio-mem devices on `nodes`. */
export function requestedOn(nodes: number[], view: MemoryView): Kib {
  return sum(nodes.map((node) => virtioMemOn(node, view)?.requested ?? 0));
}

/**
 * The devices of a definition with these cells: existing ones stay, with their blocks; a node without one gets one of ours,
 * and ours share the room up to maxMemory. Each is a whole number of the guest's memory blocks, since Linux can't use
 * partial blocks at either end.
 *
 * @param nodes the nodes whose memory changes
 */
export function definedDevices(
  desired: DesiredMemory,
  nodes: number[],
  cells: CellPlan[],
  definition: Pick<MemoryView, "devices" | "arch" | "machine" | "pageSize">,
): VirtioMemPlan[] {
  const theirs = definition.devices.filter((device) => !isManaged(device));
  const base = sum(cells.map(({ memory }) => memory));
  const room = Math.max(0, desired.maxMemory - base - sum(theirs.map(({ size }) => size)));
  const there = (node: number) => virtioMemOn(node, definition);
  const isTheirs = (node: number) => theirs.some((device) => device === there(node));
  const count = nodes.filter((node) => !isTheirs(node)).length;
  return nodes.flatMap((node): VirtioMemPlan[] => {
    const found = there(node);
    const block = found
      ? deviceBlock(found)
      : Math.max(LEAST_BLOCK, desired.source?.pageSize ?? definition.pageSize ?? 0);
    if (found && isTheirs(node)) return [{ node, size: found.size, block, requested: found.requested ?? 0 }];
    const unit = Math.max(guestBlock(definition, base).size, block);
    const size = Math.floor(room / count / unit) * unit;
    if (size === 0) return [];
    const requested = found?.requested ?? 0;
    const source = found === undefined && desired.source ? { source: desired.source } : {};
    return [{ alias: virtioMemAlias(node), node, size, block, requested, ...source }];
  });
}
