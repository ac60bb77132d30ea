import type { PlugDevice } from "../args/settings.ts";
import { countedSize, type MemoryDevice } from "../domain/state.ts";
import { type Kib, sum } from "../units/kib.ts";
import type { MemoryView } from "./observed.ts";

/** The aliases of our DIMMs and virtio-mem devices: a contract with existing states and definitions. */
const MANAGED_ALIAS = /^ua-pulumi-(dimm|vmem)\d+$/;

/** The device was added by this provider, which may therefore resize and remove it. */
export function isManaged(device: MemoryDevice): boolean {
  return device.alias !== undefined && MANAGED_ALIAS.test(device.alias);
}

/** The memory that virtio-mem devices reserve: libvirt counts it in its total, and against maxMemory. */
export function unrequestedMemory(view: Pick<MemoryView, "devices">): Kib {
  return sum(view.devices.map((device) => device.size - countedSize(device)));
}

/** The virtio-mem devices of a running domain whose size isn't the requested one yet. */
export function lagging(live: Pick<MemoryView, "devices"> | undefined): MemoryDevice[] {
  return (live?.devices ?? []).filter(
    ({ model, current, requested = 0 }) =>
      model === "virtio-mem" && current !== undefined && current !== requested,
  );
}

/**
 * Those of them whose size this provider requests, and therefore waits for: its own, and with `hotplug.device: "virtio-mem"` all.
 */
export function laggingRequests(
  live: Pick<MemoryView, "devices"> | undefined,
  device: PlugDevice,
): MemoryDevice[] {
  return lagging(live).filter((one) => device === "virtio-mem" || isManaged(one));
}
