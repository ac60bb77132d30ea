import { DEFAULT_SHUTDOWN_TIMEOUT } from "../args/limits.ts";
import type { Deadline } from "../deadline.ts";
import { Cancelled } from "../errors.ts";
import { ConnectionError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { type Power, readPower } from "../observe/power.ts";
import { waitUntilOff } from "../observe/wait-for-domain.ts";
import { describePause, pauseOf } from "../plan/pause.ts";
import type { Session } from "../session.ts";
import { wakeUp } from "../update/actions/resume.ts";
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
 * Shuts a domain down, and forces it off after `shutdownTimeout` (0: at once). A guest that a user paused is resumed first, and
 * one that is asleep is woken: it ignores the request otherwise. A guest that can't be resumed is forced off.
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
  const power = await readPower(hypervisor, domain);
  if (!power.isActive) return true;
  if (seconds > 0) {
    const clock = next === "start" ? session.steadyClock : session.clock;
    const { deadline, text } = session.patience(seconds, "shutdownTimeout", clock);
    const why = await withRunningGuest(session, hypervisor, domain, power);
    if (why === undefined) {
      await session.log.status(urn, `shutting the guest down (up to ${deadline.remainingSeconds} s)`);
      // A guest that can't be asked (no ACPI, no agent) is treated like one that doesn't react.
      await hypervisor.shutdown(domain).catch(() => undefined);
      if (await isShutDown(hypervisor, domain, deadline)) {
        // A row keeps its last status to the end of the run.
        await session.log.status(urn, "shut the guest down");
        return false;
      }
    }
    if (session.signal.aborted) throw stillRunning(domain);
    await session.log.message(
      urn,
      "warning",
      why === undefined
        ? `the guest did not shut down within ${text}, so it was forced off`
        : `${why}, so its guest can't shut down and was forced off`,
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
    `cancelled while domain ${name} was shutting down: it was not deleted, but may still shut down; destroy it again, or run pulumi refresh if it is to stay`,
  );
}

/** Resumes or wakes the guest where that is possible, and returns why it doesn't run; undefined where it does. */
async function withRunningGuest(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
  { pause: reason }: Power,
): Promise<string | undefined> {
  const pause = reason && pauseOf({ power: "paused", pause: reason, persistent: true });
  if (pause === undefined) return undefined;
  const why = `the domain is ${describePause(pause)}`;
  try {
    if (pause.kind === "suspended") await hypervisor.resume(domain);
    else if (pause.kind !== "asleep" || !(await wakeUp(session, hypervisor, domain))) return why;
    return undefined;
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof Cancelled) throw error;
    return `${why} and can't be resumed: ${messageOf(error)}`;
  }
}
