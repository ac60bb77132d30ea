import { DEFAULT_SHUTDOWN_TIMEOUT } from "../args/limits.ts";
import { Deadline } from "../deadline.ts";
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
}

/**
 * Shuts a domain down, and forces it off after `shutdownTimeout` (0: at once).
 *
 * @returns whether it was off already
 */
export async function turnOff(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
  { urn, seconds = DEFAULT_SHUTDOWN_TIMEOUT }: Shutdown,
): Promise<boolean> {
  const { state, isActive } = await readPower(hypervisor, domain);
  if (!isActive) return true;
  if (seconds > 0 && state === "running") {
    await session.log.status(urn, `shutting the guest down (up to ${seconds} s)`);
    // A guest that can't be asked (no ACPI, no agent) is treated like one that doesn't react.
    await hypervisor.shutdown(domain).catch(() => undefined);
    const deadline = Deadline.inSeconds(seconds, session.clock);
    if (await waitUntilOff(hypervisor, domain, deadline)) return false;
    await session.log.message(
      urn,
      "warning",
      `the guest did not shut down within ${seconds} s (shutdownTimeout), so it was forced off`,
    );
  }
  await forceOff(hypervisor, domain);
  return false;
}
