import type { Reachable } from "../plan/plan.ts";
import { canonicalSize } from "../units/size.ts";
import type { ExplainedDisk } from "./disks.ts";
import type { Explanation } from "./explanation.ts";
import type { ExplainedInterface } from "./interfaces.ts";
import type { MappedDevice, MemoryMap } from "./memory-map.ts";

/** The format of the JSON below. Fields may be added to it. In format 1, reasons were texts without a code. */
const FORMAT = 2;

/**
 * An explanation for programs: sizes as in the resource's outputs ("1259MiB"), addresses in hexadecimal, null for what
 * is absent or unknown.
 */
export function explanationJson(explanation: Explanation): Record<string, unknown> {
  const { uri, name, uuid, state, persistent, arch, machine, owner } = explanation;
  const { live, guest, nextBoot, pending, reachable, vcpus, plan } = explanation;
  const { disks, interfaces, graphics } = explanation;
  const { up, down, reasons, reasonsDown } = reachable;
  return {
    format: FORMAT,
    uri,
    name,
    uuid,
    state,
    persistent,
    arch: arch ?? null,
    machine: machine ?? null,
    owner: owner ?? null,
    live: live === undefined ? null : mapJson(live),
    guest: guest
      ? {
          by: "agent",
          memory: canonicalSize(guest.online.length * guest.block),
          block: canonicalSize(guest.block),
          onlineBlocks: guest.online.length,
          offlineBlocks: guest.offline.length,
        }
      : null,
    nextBoot: nextBoot === undefined ? null : mapJson(nextBoot),
    pendingMemory: pending === undefined ? null : canonicalSize(pending),
    reachable: {
      up: up ? rangeJson(up) : null,
      down: down.length > 0 ? down.map(rangeJson) : null,
      reasons,
      reasonsDown,
    },
    vcpus: {
      live: vcpus.live ?? null,
      nextBoot: vcpus.nextBoot ?? null,
      reachable: vcpus.reachable,
      reasons: vcpus.reasons,
      removable: vcpus.removable,
    },
    disks: disks.map(diskJson),
    interfaces: interfaces.map(interfaceJson),
    graphics: graphics.map(({ type, listen, port }) => ({
      type,
      listen: listen ?? null,
      port: port ?? null,
    })),
    ...(plan && {
      plan: {
        ...plan,
        memory: canonicalSize(plan.memory),
        steps: plan.steps.map(({ kind, sentence }) => ({ kind, sentence })),
      },
    }),
  };
}

function rangeJson({ from, to, step }: Reachable) {
  return { from: canonicalSize(from), to: canonicalSize(to), step: canonicalSize(step) };
}

/** The capacity in bytes: an image may have a size that isn't a multiple of a KiB. */
function diskJson({ name, source, format, capacity, ...disk }: ExplainedDisk) {
  return {
    ...disk,
    name: name ?? null,
    source: source ?? null,
    format: format ?? null,
    capacity: capacity ?? null,
  };
}

function interfaceJson({ name, source, addresses, ...card }: ExplainedInterface) {
  return {
    ...card,
    name: name ?? null,
    source: source ?? null,
    addresses: addresses.map(({ prefix, ...rest }) => ({ ...rest, prefix: prefix ?? null })),
  };
}

export function mapJson({
  memory,
  currentMemory,
  baseMemory,
  cells,
  devices,
  maxMemory,
  freeSlots,
  freePorts,
  guestBlock,
}: MemoryMap) {
  return {
    memory: canonicalSize(memory),
    currentMemory: canonicalSize(currentMemory),
    maxMemory: maxMemory === undefined ? null : canonicalSize(maxMemory.size),
    memorySlots: maxMemory?.slots ?? 0,
    freeSlots,
    ...(freePorts !== undefined && { freePorts }),
    guestBlock: canonicalSize(guestBlock),
    baseMemory: canonicalSize(baseMemory),
    cells: cells.map(({ id, memory, cpus }) => ({ id, memory: canonicalSize(memory), cpus: cpus ?? null })),
    devices: devices.map(deviceJson),
  };
}

function deviceJson({
  model,
  size,
  slot,
  node,
  base,
  alias,
  ours,
  misaligned,
  taken,
  blocks,
  ...rest
}: MappedDevice) {
  const { requested, current, block } = rest;
  const sizeOrNull = (value: number | undefined) => (value === undefined ? null : canonicalSize(value));
  return {
    model,
    size: canonicalSize(size),
    slot: slot ?? null,
    node: node ?? null,
    base: base ?? null,
    alias: alias ?? null,
    ours,
    misaligned,
    taken: taken ?? null,
    blocks: blocks ?? null,
    ...(model === "virtio-mem" && {
      requested: sizeOrNull(requested),
      current: sizeOrNull(current),
      block: sizeOrNull(block),
    }),
  };
}
