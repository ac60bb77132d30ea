import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { GuestSource } from "./word.ts";

/** Asks libvirt for the statistics that the guest's balloon driver last reported, every few seconds. */
export function balloonSource(hypervisor: Hypervisor, domain: DomainRef): GuestSource {
  return {
    speaker: "balloon",
    ask: async () => {
      const { available, lastUpdate } = await hypervisor.memoryStats(domain);
      // QEMU answers 0 until the driver has reported for the first time, and for ever without <stats period>.
      if (available === undefined || !lastUpdate) throw new Error("its balloon reports no statistics");
      return { memory: available, offline: [], reported: lastUpdate };
    },
  };
}
