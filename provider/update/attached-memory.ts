import { defined } from "../defined.ts";
import { countedSize } from "../domain/state.ts";
import type { AttachedMemory } from "../guest/attached.ts";
import { currentRecord } from "../guest/record.ts";
import type { Outputs } from "../outputs.ts";
import { isManaged, lagging } from "../plan/devices.ts";
import { notOnlinedDimms } from "../plan/dimms/not-onlined.ts";
import type { MemoryView } from "../plan/observed.ts";
import { type DimmRemoval, detachedDimms, type Step } from "../plan/plan.ts";
import { KIB_PER_GIB, type Kib, sum } from "../units/kib.ts";

interface AttachedMemoryOptions {
  /** What the guest's kernel keeps for itself, where it is known. */
  reserved: Kib | undefined;
  /** Those that remove DIMMs. */
  steps?: Step[];
  /** Our own DIMMs that the guest rejected for their alignment aren't expected either: a plan repairs them. */
  isRepairable?: boolean;
}

/**
 * The memory that the guest of a running domain should have. DIMMs not managed by this provider that the guest rejected for
 * their alignment aren't expected: nothing would bring them online, and each preview names them.
 */
export function attachedMemory(
  live: MemoryView,
  { reserved, steps = [], isRepairable = false }: AttachedMemoryOptions,
): AttachedMemory {
  const removed = detachedDimms(steps);
  const rejected = new Set(notOnlinedDimms(live).filter((device) => isRepairable || !isManaged(device)));
  const isLeft = (alias?: string) => !removed.some((dimm: DimmRemoval) => dimm.alias === alias);
  const devices = live.devices.filter((device) => !rejected.has(device) && isLeft(device.alias));
  const without = sum(live.devices.filter((device) => !devices.includes(device)).map(({ size }) => size));
  const { memory, currentMemory } = live;
  return defined({
    memory: memory - without,
    currentMemory: currentMemory - without,
    devices,
    devicesFrom: devicesFrom(live),
    reserved,
  });
}

/**
 * libvirt before 9.4 doesn't report the addresses of virtio-mem. On x86-64 at most 3.5 GiB and at least 2 GiB of the boot memory
 * are below 4 GiB, and devices follow the rest (QEMU, hw/i386/pc.c). While the guest's driver still follows a request, its
 * blocks may be offline.
 */
function devicesFrom(live: MemoryView): Kib | undefined {
  const unplaced = live.devices.some(({ model, base }) => model === "virtio-mem" && base === undefined);
  if (!unplaced || live.arch !== "x86_64" || lagging(live).length > 0) return undefined;
  const boot = live.memory - sum(live.devices.map(countedSize));
  return 4 * KIB_PER_GIB + Math.max(0, boot - 2 * KIB_PER_GIB);
}

/**
 * What the guest's kernel keeps for itself, as far as the state knows it for this start of the domain. Earlier versions
 * recorded MemTotal, or what it should have been.
 */
export function recordedReserve(state: Outputs | undefined, domainId: number): Kib | undefined {
  const record = currentRecord(state?.__guest, domainId);
  if (record?.reserved !== undefined) return record.reserved;
  const live = state?.__observed.live?.memory;
  const { missing, speaker, memory } = record ?? {};
  const total =
    missing?.speaker === "balloon" ? missing.memory : speaker === "balloon" && !missing ? memory : undefined;
  return live === undefined || total === undefined ? undefined : live - total;
}
