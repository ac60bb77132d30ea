import { DEFAULT_SHUTDOWN_TIMEOUT } from "../args/limits.ts";
import type { Deadline } from "../deadline.ts";
import { Cancelled } from "../errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { readPower } from "../observe/power.ts";
import { waitUntilOff } from "../observe/wait-for-domain.ts";
import type { Session } from "../session.ts";
import { forceOff } from "../update/power-off.ts";

interface Shutdown {
  /** The resource that status and warnings are shown for. */
  urn: string;
  /** `shutdownTimeout`; left out: the default. */
  seconds: number | undefined;
  /** What is to become of the domain when it is off: one that is started again isn't left while it shuts down. */
  next: "delete" | "start";
}

/**
 * Shuts a domain down, and forces it off after `shutdownTimeout` (0: at once).
 *
 * @returns whether it was off already
 * @throws Cancelled when the run is cancelled and the domain isn't off
 */
export async function turnOff(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
  { urn, seconds = DEFAULT_SHUTDOWN_TIMEOUT, next }: Shutdown,
): Promise<boolean> {
  const { state, isActive } = await readPower(hypervisor, domain);
  if (!isActive) return true;
  if (seconds > 0 && state === "running") {
    const clock = next === "start" ? session.steadyClock : session.clock;
    const { deadline, text } = session.patience(seconds, "shutdownTimeout", clock);
    await session.log.status(urn, `shutting the guest down (up to ${deadline.remainingSeconds} s)`);
    // A guest that can't be asked (no ACPI, no agent) is treated like one that doesn't react.
    await hypervisor.shutdown(domain).catch(() => undefined);
    if (await isShutDown(hypervisor, domain, deadline)) return false;
    if (session.signal.aborted) throw stillRunning(domain);
    await session.log.message(
      urn,
      "warning",
      `the guest did not shut down within ${text}, so it was forced off`,
    );
  }
  await forceOff(hypervisor, domain);
  return false;
}

async function isShutDown(hypervisor: Hypervisor, domain: DomainRef, deadline: Deadline): Promise<boolean> {
  try {
    return await waitUntilOff(hypervisor, domain, deadline);
  } catch (error) {
    throw error instanceof Cancelled ? stillRunning(domain) : error;
  }
}

function stillRunning({ name }: DomainRef): Cancelled {
  return new Cancelled(
    `cancelled while domain ${name} was shutting down, which it may still do; the next update goes on`,
  );
}
