import { DEFAULT_SHUTDOWN_TIMEOUT } from "../args/limits.ts";
import { Deadline } from "../deadline.ts";
import { ConnectionError, ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { readPower } from "../observe/power.ts";
import { isOff, waitUntilOff } from "../observe/wait-for-domain.ts";
import { describePause, pauseOf } from "../plan/pause.ts";
import type { Session } from "../session.ts";
import { wakeUp } from "../update/actions/resume.ts";

interface Shutdown {
  /** The resource that status and warnings are shown for. */
  urn: string;
  /** `shutdownTimeout`; left out: the default. */
  seconds: number | undefined;
}

/**
 * Shuts a domain down, and forces it off after `shutdownTimeout` (0: at once). A guest that a user paused is resumed first, and
 * one that is asleep is woken: it ignores the request otherwise. A guest that can't be resumed is forced off.
 */
export async function turnOff(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
  { urn, seconds = DEFAULT_SHUTDOWN_TIMEOUT }: Shutdown,
): Promise<void> {
  if (await isOff(hypervisor, domain)) return;
  if (seconds > 0) {
    const why = await withRunningGuest(session, hypervisor, domain);
    if (why === undefined) {
      await session.log.status(urn, `shutting the guest down (up to ${seconds} s)`);
      // A guest that can't be asked (no ACPI, no agent) is treated like one that doesn't react.
      await hypervisor.shutdown(domain).catch(() => undefined);
      const deadline = Deadline.inSeconds(seconds, session.clock);
      if (await waitUntilOff(hypervisor, domain, deadline)) return;
    }
    await session.log.message(
      urn,
      "warning",
      why === undefined
        ? `the guest did not shut down within ${seconds} s (shutdownTimeout), so it was forced off`
        : `${why}, so its guest can't shut down and was forced off`,
    );
  }
  await hypervisor.destroy(domain).catch((error: unknown) => {
    // It powered off in the meantime.
    if (!hasCode(error, ErrorCode.OPERATION_INVALID)) throw error;
  });
}

/** Resumes or wakes the guest where that is possible, and returns why it doesn't run; undefined where it does. */
async function withRunningGuest(
  { clock }: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
): Promise<string | undefined> {
  const { pause: reason } = await readPower(hypervisor, domain);
  const pause = reason && pauseOf({ power: "paused", pause: reason, persistent: true });
  if (pause === undefined) return undefined;
  const why = `the domain is ${describePause(pause)}`;
  try {
    if (pause.kind === "suspended") await hypervisor.resume(domain);
    else if (pause.kind !== "asleep" || !(await wakeUp(hypervisor, domain, clock))) return why;
    return undefined;
  } catch (error) {
    if (error instanceof ConnectionError) throw error;
    return `${why} and can't be resumed: ${messageOf(error)}`;
  }
}
