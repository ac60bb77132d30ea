import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { observe, type Sighting } from "../observe/observe.ts";
import { lagging } from "../plan/virtio-mem/devices.ts";
import { watch } from "./wait.ts";

interface Following {
  timeoutMs: number;
  /** Called with each sighting in which the guest hasn't followed. */
  tell: (sighting: Sighting) => Promise<void>;
  /** Helps the guest on; answers whether something beside the sizes is still to be waited for. */
  help: (sighting: Sighting) => Promise<boolean>;
}

/**
 * Waits until the guest has taken and given back what is requested of its virtio-mem devices, by their events and by
 * reading the domain.
 *
 * @returns the last sighting, whether or not it has
 */
export async function untilFollowed(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { timeoutMs, tell, help }: Following,
): Promise<Sighting> {
  let latest: Sighting | undefined;
  const followed = await watch(hypervisor, domain, {
    timeoutMs,
    look: async () => {
      latest = await observe(hypervisor, domain);
      const waits = await help(latest);
      if (lagging(latest.observed.live).length === 0 && !waits) return latest;
      await tell(latest);
      return undefined;
    },
  });
  return followed ?? latest ?? observe(hypervisor, domain);
}
