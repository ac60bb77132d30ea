import { sayMib, saySize } from "../../args/size.ts";
import type { Kib, MemoryDevice } from "../../domain/state.ts";
import type { Asked } from "../asked.ts";
import { sum } from "../cells.ts";
import { leastMemory } from "../definition.ts";
import { isOurs } from "../dimms/slots.ts";
import { targetNodes } from "../dimms/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { Reachable } from "../plan.ts";
import { pluggingReason } from "../platform.ts";
import { blockOfDevice, definedDevices, requestedOn, virtioMemOn } from "./devices.ts";
import { levelled } from "./level.ts";

/**
 * Why the running domain's memory can't become what is asked by resizing its virtio-mem devices; all reasons at once,
 * none where it can.
 */
export function reasonsAgainstResize(asked: Asked, live: MemoryView): string[] {
  const reason = pluggingReason(asked, live);
  const general = [
    ...(asked.enabled ? [] : ["hotplug.enabled is false"]),
    ...(reason === undefined ? [] : [reason]),
  ];
  const nodes = targetNodes(asked, live);
  const without = nodes.filter((node) => virtioMemOn(node, live) === undefined);
  if (without.length > 0 || nodes.length === 0) return [...general, missingDevice(without, live)];
  const base = baseMemory(asked, live);
  const devices = targetDevices(asked, live);
  if (asked.memory < base)
    return [
      ...general,
      `${sayMib(base)} of it are no virtio-mem, and can't be taken away while the domain runs`,
    ];
  const rest = asked.memory - base;
  const most = sum(devices.map(({ size }) => size));
  const block = largestBlock(devices);
  return [
    ...general,
    ...(rest > most ? [`${whose(nodes)} ${saySize(most)}, ${saySize(rest)} would be needed`] : []),
    ...(rest <= most && rest % block !== 0
      ? [
          `the ${sayMib(rest)} above ${sayMib(base)} are no multiple of ${sayMib(block)}, the block of the virtio-mem device`,
        ]
      : []),
  ];
}

function whose(nodes: number[]): string {
  return nodes.length === 1
    ? `the virtio-mem device of node ${nodes[0]} holds at most`
    : `the virtio-mem devices of nodes ${nodes.join(", ")} hold at most`;
}

function missingDevice(nodes: number[], live: MemoryView): string {
  const node = nodes[0] ?? 0;
  if (live.maxMemory === undefined)
    return "the running domain was started without maxMemory, so it has no virtio-mem device";
  return `the running domain was started without a virtio-mem device on node ${node}`;
}

/** What the running domain has beside the virtio-mem devices that are resized. */
export function baseMemory(asked: Asked, live: MemoryView): Kib {
  return live.memory - requestedOn(targetNodes(asked, live), live);
}

/** The devices that are resized; fewer than nodes where some have none. */
export function targetDevices(asked: Asked, live: MemoryView): (MemoryDevice & { node: number })[] {
  return targetNodes(asked, live).flatMap((node) => {
    const device = virtioMemOn(node, live);
    return device === undefined ? [] : [{ ...device, node }];
  });
}

function largestBlock(devices: MemoryDevice[]): Kib {
  return Math.max(...devices.map(blockOfDevice));
}

/** What each device is asked for, so that the memory is what is asked. The rules have passed. */
export function requestsFor(asked: Asked, live: MemoryView): Kib[] {
  const holders = targetDevices(asked, live).map((device) => ({
    size: device.size,
    requested: device.requested ?? 0,
    block: blockOfDevice(device),
  }));
  return levelled(holders, asked.memory - baseMemory(asked, live)) ?? [];
}

/** The sizes that a running domain's virtio-mem devices reach, above and below the present one. */
export function resizableTo(asked: Asked, observed: Observed): { up?: Reachable; down: Reachable[] } {
  const { live } = observed;
  if (live === undefined || asked.applyOn === "nextBoot") return { down: [] };
  const devices = targetDevices(asked, live);
  const base = baseMemory(asked, live);
  if (reasonsAgainstResize({ ...asked, memory: base }, live).length > 0) return { down: [] };
  const step = largestBlock(devices);
  const present = (live.memory - base) / step;
  const least = Math.max(0, Math.ceil((leastMemory(asked, observed) - base) / step));
  const most = sum(devices.map(({ size }) => Math.floor(size / step)));
  const range = (from: number, to: number): Reachable[] =>
    from <= to ? [{ from: base + from * step, to: base + to * step, step }] : [];
  const [up] = range(Math.max(least, Math.floor(present) + 1), most);
  return { ...(up && { up }), down: range(least, Math.min(most, Math.ceil(present) - 1)) };
}

/** Why the running domain has the other kind of device than the program asks for; undefined where it hasn't. */
export function otherKindReason(asked: Asked, live: MemoryView): string | undefined {
  if (asked.device === "dimm") {
    const ours = live.devices.find((device) => device.model === "virtio-mem" && isOurs(device));
    return (
      ours &&
      `the running domain was started with a virtio-mem device on node ${ours.node ?? 0}, and hotplug.device is "dimm"`
    );
  }
  const nodes = targetNodes(asked, live);
  if (live.maxMemory === undefined || nodes.some((node) => virtioMemOn(node, live))) return undefined;
  if (live.devices.some((device) => device.model === "virtio-mem" && isOurs(device))) return undefined;
  if (!asked.enabled || pluggingReason(asked, live) !== undefined) return undefined;
  // With so little room it would have been started without one too.
  const wanted = definedDevices({ ...asked, maxMemory: live.maxMemory.size }, nodes, live.cells, live);
  return wanted.length === 0
    ? undefined
    : `the running domain was started without a virtio-mem device on node ${nodes[0]}, and hotplug.device is "virtio-mem"`;
}
