import { countedSize, type MemoryDevice } from "../domain/state.ts";
import { type Kib, sum } from "../units/kib.ts";
import type { MemoryView } from "./observed.ts";

/** The names of our DIMMs and virtio-mem devices: a contract with states and definitions that exist. */
const MANAGED_ALIAS = /^ua-pulumi-(dimm|vmem)\d+$/;

export function isManaged(device: MemoryDevice): boolean {
  return device.alias !== undefined && MANAGED_ALIAS.test(device.alias);
}

/** What virtio-mem devices hold back: libvirt counts it in its total, and against maxMemory. */
export function unrequestedMemory(view: Pick<MemoryView, "devices">): Kib {
  return sum(view.devices.map((device) => device.size - countedSize(device)));
}

/** The virtio-mem devices of a running domain of which the guest has more or less than is requested. */
export function lagging(live: Pick<MemoryView, "devices"> | undefined): MemoryDevice[] {
  return (live?.devices ?? []).filter(
    ({ model, current, requested = 0 }) =>
      model === "virtio-mem" && current !== undefined && current !== requested,
  );
}
