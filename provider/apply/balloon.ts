import { sayRoughly, saySize } from "../args/size.ts";
import type { Kib } from "../domain/state.ts";
import { observe, type Sighting } from "../observe/observe.ts";
import type { Step } from "../plan/plan.ts";
import { watch } from "./wait.ts";
import type { Workplace } from "./workplace.ts";

/**
 * Sets what the balloon leaves the guest. On the running domain it is waited for until the guest's driver got there,
 * unless it is paused.
 *
 * @throws Error where it did not get there in time; the guest's driver goes on all the same
 */
export async function balloon(
  { size, where }: Extract<Step, { kind: "balloon" }>,
  place: Workplace,
  present: Sighting,
): Promise<Sighting> {
  const { hypervisor, domain, balloonTimeout } = place;
  const isAwaited = where === "live" && balloonTimeout !== false && present.observed.power === "running";
  if (isAwaited) return untilThere(size, balloonTimeout, place, present);
  await hypervisor.setMemory(domain, size, where === "live" ? { live: true } : { config: true });
  return observe(hypervisor, domain);
}

/** QEMU's own figure comes first; the XML, which is what is recorded, follows with an event, within a second. */
async function untilThere(
  size: Kib,
  seconds: number,
  { hypervisor, domain, status }: Workplace,
  { observed }: Sighting,
): Promise<Sighting> {
  const before = observed.live?.currentMemory;
  let left = before;
  const there = await watch<Sighting>(hypervisor, domain, {
    timeoutMs: seconds * 1000,
    begin: () => hypervisor.setMemory(domain, size, { live: true }),
    look: async () => {
      const { actual } = await hypervisor.memoryStats(domain);
      const isMoved = actual !== undefined && actual !== left;
      left = actual ?? left;
      if (isMoved && actual !== size) await status(sayProgress(actual, size));
      if (actual !== size) return undefined;
      const seen = await observe(hypervisor, domain);
      return seen.observed.live?.currentMemory === size ? seen : undefined;
    },
  });
  if (there !== undefined) return there;
  if (left === size) return observe(hypervisor, domain);
  throw new Error(sayShort(left ?? 0, left === before, size, seconds));
}

function sayProgress(actual: Kib, size: Kib): string {
  return actual > size
    ? `balloon: the guest has ${sayRoughly(actual)} of the ${saySize(size)} to go down to`
    : `balloon: the guest has ${sayRoughly(actual)} of the ${saySize(size)} to go up to`;
}

function sayShort(left: Kib, isStuck: boolean, size: Kib, seconds: number): string {
  const found = `after ${seconds} s (hotplug.awaitGuest) the balloon leaves the guest ${sayRoughly(left)}`;
  return isStuck
    ? `${found}, as before: the guest has no driver for it (Linux: virtio_balloon), is still booting, or hangs; it stays set, and the next update waits again`
    : `${found}, not yet ${saySize(size)}: the guest has no more to give, or is slow; it goes on, and the next update waits again`;
}
