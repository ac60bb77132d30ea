import type { MemoryDevice } from "../../domain/state.ts";
import type { Kib } from "../../units/kib.ts";
import { sum } from "../../units/kib.ts";
import { formatMib, formatSize } from "../../units/size.ts";
import { leastMemory } from "../definition/folded.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../dimms/slots.ts";
import { targetNodes } from "../numa/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { Reachable, Reason } from "../plan.ts";
import { pluggingReason } from "../platform.ts";
import { definedDevices, deviceBlock, requestedOn, virtioMemOn } from "./devices.ts";
import { distribute } from "./distribute.ts";

/**
 * Why the running domain's memory can't become what is asked by resizing its virtio-mem devices; all reasons at once,
 * none where it can.
 */
export function reasonsAgainstResize(desired: DesiredMemory, live: MemoryView): Reason[] {
  const reason = pluggingReason(desired, live);
  const general: Reason[] = [
    ...(desired.enabled ? [] : [{ code: "hotplug-disabled", text: "hotplug.enabled is false" } as const]),
    ...(reason === undefined ? [] : [reason]),
  ];
  const nodes = targetNodes(desired, live);
  const without = nodes.filter((node) => virtioMemOn(node, live) === undefined);
  if (without.length > 0 || nodes.length === 0) return [...general, missingDevice(without, live)];
  const base = baseMemory(desired, live);
  const devices = targetDevices(desired, live);
  if (desired.memory < base)
    return [
      ...general,
      {
        code: "boot-memory",
        text: `${formatMib(base)} of it are no virtio-mem, and can't be taken away while the domain runs`,
      },
    ];
  const rest = desired.memory - base;
  const most = sum(devices.map(({ size }) => size));
  const block = largestBlock(devices);
  return [
    ...general,
    ...(rest > most
      ? [
          {
            code: "beyond-virtio-mem-size",
            text: `${whose(nodes)} ${formatSize(most)}, ${formatSize(rest)} would be needed`,
          } as const,
        ]
      : []),
    ...(rest <= most && rest % block !== 0
      ? [
          {
            code: "not-virtio-mem-block",
            text: `the ${formatMib(rest)} above ${formatMib(base)} are no multiple of ${formatMib(block)}, the block of the virtio-mem device`,
          } as const,
        ]
      : []),
  ];
}

function whose(nodes: number[]): string {
  return nodes.length === 1
    ? `the virtio-mem device of node ${nodes[0]} holds at most`
    : `the virtio-mem devices of nodes ${nodes.join(", ")} hold at most`;
}

function missingDevice(nodes: number[], live: MemoryView): Reason {
  const node = nodes[0] ?? 0;
  if (live.maxMemory === undefined)
    return {
      code: "no-max-memory",
      text: "the running domain was started without maxMemory, so it has no virtio-mem device",
    };
  return {
    code: "no-virtio-mem-device",
    text: `the running domain was started without a virtio-mem device on node ${node}`,
  };
}

/** What the running domain has beside the virtio-mem devices that are resized. */
export function baseMemory(desired: DesiredMemory, live: MemoryView): Kib {
  return live.memory - requestedOn(targetNodes(desired, live), live);
}

/** The devices that are resized; fewer than nodes where some have none. */
export function targetDevices(desired: DesiredMemory, live: MemoryView): (MemoryDevice & { node: number })[] {
  return targetNodes(desired, live).flatMap((node) => {
    const device = virtioMemOn(node, live);
    return device === undefined ? [] : [{ ...device, node }];
  });
}

function largestBlock(devices: MemoryDevice[]): Kib {
  return Math.max(...devices.map(deviceBlock));
}

/** What each device is asked for, so that the memory is what is asked. The rules have passed. */
export function requestsFor(desired: DesiredMemory, live: MemoryView): Kib[] {
  const holders = targetDevices(desired, live).map((device) => ({
    size: device.size,
    requested: device.requested ?? 0,
    block: deviceBlock(device),
  }));
  return distribute(holders, desired.memory - baseMemory(desired, live)) ?? [];
}

/** The sizes that a running domain's virtio-mem devices reach, above and below the present one. */
export function virtioMemSizes(
  desired: DesiredMemory,
  observed: Observed,
): { up?: Reachable; down: Reachable[] } {
  const { live } = observed;
  if (live === undefined || desired.applyOn === "nextBoot") return { down: [] };
  const devices = targetDevices(desired, live);
  const base = baseMemory(desired, live);
  if (reasonsAgainstResize({ ...desired, memory: base }, live).length > 0) return { down: [] };
  const step = largestBlock(devices);
  const present = (live.memory - base) / step;
  const least = Math.max(0, Math.ceil((leastMemory(desired, observed) - base) / step));
  const most = sum(devices.map(({ size }) => Math.floor(size / step)));
  const range = (from: number, to: number): Reachable[] =>
    from <= to ? [{ from: base + from * step, to: base + to * step, step }] : [];
  const [up] = range(Math.max(least, Math.floor(present) + 1), most);
  return { ...(up && { up }), down: range(least, Math.min(most, Math.ceil(present) - 1)) };
}

/** Why the running domain has the other kind of device than the program asks for; undefined where it hasn't. */
export function deviceKindReason(desired: DesiredMemory, live: MemoryView): Reason | undefined {
  if (desired.device === "dimm") {
    const ours = live.devices.find((device) => device.model === "virtio-mem" && isManaged(device));
    return (
      ours && {
        code: "device-kind",
        text: `the running domain was started with a virtio-mem device on node ${ours.node ?? 0}, and hotplug.device is "dimm"`,
      }
    );
  }
  const nodes = targetNodes(desired, live);
  if (live.maxMemory === undefined || nodes.some((node) => virtioMemOn(node, live))) return undefined;
  if (live.devices.some((device) => device.model === "virtio-mem" && isManaged(device))) return undefined;
  if (!desired.enabled || pluggingReason(desired, live) !== undefined) return undefined;
  // With so little room it would have been started without one too.
  const wanted = definedDevices({ ...desired, maxMemory: live.maxMemory.size }, nodes, live.cells, live);
  return wanted.length === 0
    ? undefined
    : {
        code: "device-kind",
        text: `the running domain was started without a virtio-mem device on node ${nodes[0]}, and hotplug.device is "virtio-mem"`,
      };
}
