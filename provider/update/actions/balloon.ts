import { Deadline } from "../../deadline.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import { waitForDomain } from "../../observe/wait-for-domain.ts";
import type { Step } from "../../plan/plan.ts";
import type { Kib } from "../../units/kib.ts";
import { formatSize, formatWholeMib } from "../../units/size.ts";
import type { StepContext } from "../step-context.ts";

/**
 * Sets what the balloon leaves the guest. On the running domain it is waited for until the guest's driver got there,
 * unless it is paused.
 *
 * @throws Error where it did not get there in time; the guest's driver goes on all the same
 */
export async function balloon(
  { size, where }: Extract<Step, { kind: "balloon" }>,
  place: StepContext,
  present: Observation,
): Promise<Observation> {
  const { hypervisor, domain, balloonTimeout } = place;
  const isAwaited = where === "live" && balloonTimeout !== false && present.observed.power === "running";
  if (isAwaited) return waitForTarget(size, balloonTimeout, place, present);
  await hypervisor.setMemory(domain, size, where === "live" ? { live: true } : { config: true });
  return observe(hypervisor, domain);
}

/** QEMU's own figure comes first; the XML, which is what is recorded, follows with an event, within a second. */
async function waitForTarget(
  size: Kib,
  seconds: number,
  { hypervisor, domain, status, clock }: StepContext,
  { observed }: Observation,
): Promise<Observation> {
  const before = observed.live?.currentMemory;
  let left = before;
  const there = await waitForDomain<Observation>(hypervisor, domain, {
    deadline: Deadline.inSeconds(seconds, clock),
    begin: () => hypervisor.setMemory(domain, size, { live: true }),
    poll: async () => {
      const { actual } = await hypervisor.memoryStats(domain);
      const isMoved = actual !== undefined && actual !== left;
      left = actual ?? left;
      if (isMoved && actual !== size) await status(describeProgress(actual, size));
      if (actual !== size) return undefined;
      const seen = await observe(hypervisor, domain);
      return seen.observed.live?.currentMemory === size ? seen : undefined;
    },
  });
  if (there !== undefined) return there;
  if (left === size) return observe(hypervisor, domain);
  throw new Error(describeShortfall(left ?? 0, left === before, size, seconds));
}

function describeProgress(actual: Kib, size: Kib): string {
  return actual > size
    ? `balloon: the guest has ${formatWholeMib(actual)} of the ${formatSize(size)} to go down to`
    : `balloon: the guest has ${formatWholeMib(actual)} of the ${formatSize(size)} to go up to`;
}

function describeShortfall(left: Kib, isStuck: boolean, size: Kib, seconds: number): string {
  const found = `after ${seconds} s (hotplug.awaitGuest) the balloon leaves the guest ${formatWholeMib(left)}`;
  return isStuck
    ? `${found}, as before: the guest has no driver for it (Linux: virtio_balloon), is still booting, or hangs; it stays set, and the next update waits again`
    : `${found}, not yet ${formatSize(size)}: the guest has no more to give, or is slow; it goes on, and the next update waits again`;
}
