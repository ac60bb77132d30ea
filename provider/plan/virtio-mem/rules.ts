import type { MemoryDevice } from "../../domain/state.ts";
import type { Kib } from "../../units/kib.ts";
import { sum } from "../../units/kib.ts";
import { formatMib, formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import { targetNodes } from "../numa/spread.ts";
import type { MemoryView } from "../observed.ts";
import type { Obstacle } from "../plan.ts";
import { HOTPLUG_DISABLED, pluggingReason } from "../platform.ts";
import { formatNumbers } from "../text.ts";
import { definedDevices, deviceBlock, requestedOn, virtioMemOn } from "./devices.ts";
import { distribute } from "./distribute.ts";

/**
 * Why the running domain can't get the desired memory by a resize of its virtio-mem devices: all reasons at once, none
 * where it can.
 */
export function reasonsAgainstResize(desired: DesiredMemory, live: MemoryView): Obstacle[] {
  const reason = pluggingReason(desired, live);
  const general: Obstacle[] = [
    ...(desired.enabled ? [] : [HOTPLUG_DISABLED]),
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
        text: `${formatMib(base)} is boot memory, which can't be removed while the domain runs`,
        predicate: `goes below the ${formatMib(base)} of boot memory`,
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
            text: `${devicesOn(nodes)} at most ${formatSize(most)}, but ${formatSize(rest)} would be needed`,
            predicate: `needs ${formatSize(rest)} of virtio-mem, which holds at most ${formatSize(most)}`,
          } as const,
        ]
      : []),
    ...(rest <= most && rest % block !== 0
      ? [
          {
            code: "not-virtio-mem-block",
            text: `the ${formatMib(rest)} above ${formatMib(base)} is not a multiple of ${formatMib(block)}, the block size of the virtio-mem device`,
            predicate: `is not ${formatMib(base)} plus a multiple of ${formatMib(block)}`,
          } as const,
        ]
      : []),
  ];
}

function devicesOn(nodes: number[]): string {
  return nodes.length === 1
    ? `the virtio-mem device on node ${nodes[0]} holds`
    : `the virtio-mem devices on nodes ${formatNumbers(nodes)} hold`;
}

function missingDevice(nodes: number[], live: MemoryView): Obstacle {
  const node = nodes[0] ?? 0;
  if (live.maxMemory === undefined)
    return {
      code: "no-max-memory",
      text: "the running domain was started without maxMemory, so it doesn't have a virtio-mem device",
      predicate: "needs maxMemory, which the domain was started without",
    };
  return {
    code: "no-virtio-mem-device",
    text: `the running domain was started without a virtio-mem device on node ${node}`,
    predicate: `needs a virtio-mem device on node ${node}, which the domain was started without`,
  };
}

/** The memory of the running domain outside of the virtio-mem devices that are resized. */
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

export function largestBlock(devices: MemoryDevice[]): Kib {
  return Math.max(...devices.map(deviceBlock));
}

/** The requested size of each device that gives the domain the desired memory. The rules have passed. */
export function requestsFor(desired: DesiredMemory, live: MemoryView): Kib[] {
  const holders = targetDevices(desired, live).map((device) => ({
    size: device.size,
    requested: device.requested ?? 0,
    block: deviceBlock(device),
  }));
  return distribute(holders, desired.memory - baseMemory(desired, live)) ?? [];
}

/**
 * Why the domain needs a restart: it grows with another kind of device than the program wants; undefined if it doesn't.
 */
export function deviceKindReason(desired: DesiredMemory, live: MemoryView): Obstacle | undefined {
  if (desired.device === "dimm") {
    const ours = live.devices.find((device) => device.model === "virtio-mem" && isManaged(device));
    return (
      ours && {
        code: "device-kind",
        text: `the running domain was started with a virtio-mem device on node ${ours.node ?? 0}, but hotplug.device is "dimm"`,
        predicate: "needs the virtio-mem device removed, which takes a restart",
      }
    );
  }
  const nodes = targetNodes(desired, live);
  if (live.maxMemory === undefined || nodes.some((node) => virtioMemOn(node, live))) return undefined;
  if (live.devices.some((device) => device.model === "virtio-mem" && isManaged(device))) return undefined;
  if (!desired.enabled || pluggingReason(desired, live) !== undefined) return undefined;
  // With so little headroom it wouldn't have been started with one anyway.
  const wanted = definedDevices({ ...desired, maxMemory: live.maxMemory.size }, nodes, live.cells, live);
  return wanted.length === 0
    ? undefined
    : {
        code: "device-kind",
        text: `the running domain was started without a virtio-mem device on node ${nodes[0]}, but hotplug.device is "virtio-mem"`,
        predicate: "needs a virtio-mem device, which the domain was started without",
      };
}
