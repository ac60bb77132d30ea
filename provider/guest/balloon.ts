import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Kib } from "../units/kib.ts";
import type { GuestSource } from "./report.ts";

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

/** What a guest could do without: what it can use without swapping, by its balloon. Undefined where that doesn't say. */
export async function spareMemory(hypervisor: Hypervisor, domain: DomainRef): Promise<Kib | undefined> {
  const { usable, lastUpdate } = await hypervisor.memoryStats(domain);
  return lastUpdate ? usable : undefined;
}
