import { saySize } from "../args/size.ts";
import { ErrorCode, hasCode } from "../libvirt/errors.ts";
import { observe, type Sighting } from "../observe/observe.ts";
import type { DimmRemoval } from "../plan/plan.ts";
import type { Workplace } from "./steps.ts";
import { watch } from "./wait.ts";

/** What became of a request to take a device out; undefined: no answer yet. */
type Removal = { gone: Sighting } | { refused: string };

/**
 * Takes a DIMM out of the running domain: asks for it by alias, and waits for the guest. What is not there any more is
 * left alone.
 *
 * @throws Error where the guest refuses, or does not answer in time: nothing counts as removed that is still there
 */
export async function detach(dimm: DimmRemoval, place: Workplace, present: Sighting): Promise<Sighting> {
  const { hypervisor, domain, removalTimeout } = place;
  if (!isThere(dimm, present)) return present;
  let refused: string | undefined;
  const removal = await watch<Removal>(hypervisor, domain, {
    timeoutMs: removalTimeout * 1000,
    begin: async () => {
      try {
        await hypervisor.detachDevice(domain, dimm.alias, { live: true });
      } catch (error) {
        // The guest refused within the seconds that libvirt itself waits.
        if (!hasCode(error, ErrorCode.OPERATION_FAILED)) throw error;
        refused = error.message;
      }
    },
    hear: (event) => {
      if (event.kind === "device-removal-failed" && event.alias === dimm.alias)
        refused = "device-removal-failed";
    },
    look: async () => {
      const seen = await observe(hypervisor, domain);
      if (!isThere(dimm, seen)) return { gone: seen };
      return refused === undefined ? undefined : { refused };
    },
  });
  if (removal === undefined)
    throw new Error(
      `the guest has not answered within ${removalTimeout} s: ${saySize(dimm.size)} are still there, and may go later, which a refresh would show`,
    );
  if ("refused" in removal) throw new Error(`the guest refused to give it up (${removal.refused})`);
  return removal.gone;
}

function isThere({ alias }: DimmRemoval, { observed }: Sighting): boolean {
  return observed.live?.devices.some((device) => device.alias === alias) === true;
}
