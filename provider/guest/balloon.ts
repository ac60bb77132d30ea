import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Kib } from "../units/kib.ts";
import type { GuestSource } from "./report.ts";

/** Reads the statistics that the guest's balloon driver last reported to QEMU, every few seconds. */
export function balloonSource(hypervisor: Hypervisor, domain: DomainRef): GuestSource {
  return {
    speaker: "balloon",
    ask: async () => {
      const { available, lastUpdate } = await hypervisor.memoryStats(domain);
      // QEMU answers 0 until the driver has reported for the first time, and always without <stats period>.
      if (available === undefined || !lastUpdate) throw new Error("the balloon driver reports no statistics");
      return { memory: available, offline: [], reported: lastUpdate };
    },
  };
}

/** The memory that a guest can give up without swapping (MemAvailable); undefined where its balloon doesn't report it. */
export async function availableMemory(hypervisor: Hypervisor, domain: DomainRef): Promise<Kib | undefined> {
  const { usable, lastUpdate } = await hypervisor.memoryStats(domain);
  return lastUpdate ? usable : undefined;
}
