import type { Deadline } from "../../deadline.ts";
import type { DomainRef, Hypervisor } from "../../libvirt/hypervisor.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import { waitForDomain } from "../../observe/wait-for-domain.ts";
import { lagging } from "../../plan/devices.ts";

interface RequestedSizeWait {
  deadline: Deadline;
  /** Called with each sighting in which the guest hasn't followed. */
  tell: (observation: Observation) => Promise<void>;
  /** Helps the guest on; answers whether something beside the sizes is still to be waited for. */
  help: (observation: Observation) => Promise<boolean>;
}

/**
 * Waits until the guest has taken and given back what is requested of its virtio-mem devices, by their events and by
 * reading the domain.
 *
 * @returns the last sighting, whether or not it has
 */
export async function waitForRequestedSize(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { deadline, tell, help }: RequestedSizeWait,
): Promise<Observation> {
  let latest: Observation | undefined;
  const followed = await waitForDomain(hypervisor, domain, {
    deadline,
    poll: async () => {
      latest = await observe(hypervisor, domain);
      const waits = await help(latest);
      if (lagging(latest.observed.live).length === 0 && !waits) return latest;
      await tell(latest);
      return undefined;
    },
  });
  return followed ?? latest ?? observe(hypervisor, domain);
}
