import type { DomainRef, Hypervisor, PowerState } from "../libvirt/hypervisor.ts";
import type { PauseReason } from "../plan/pause.ts";

/** virDomainPausedReason, in its order, in the words of `virsh domstate --reason`. */
const PAUSE_REASONS: readonly PauseReason[] = [
  "unknown",
  "user",
  "migrating",
  "saving",
  "dumping",
  "I/O error",
  "watchdog",
  "from snapshot",
  "shutting down",
  "creating snapshot",
  "crashed",
  "starting up",
  "post-copy",
  "post-copy failed",
  "API error",
];

/**
 * Reasons that stay when their job has ended: libvirt (9.0) restores a guest that was saved while it was paused as "paused
 * (migrating)". The others are there only while libvirt is at work.
 */
const MAY_OUTLAST_JOB: readonly PauseReason[] = ["migrating", "saving", "dumping"];

/** Whether a domain runs, and why its guest doesn't. */
export interface Power {
  state: PowerState;
  /** It has a QEMU process. */
  isActive: boolean;
  /** Why the guest of an active domain doesn't run; undefined where it does. */
  pause?: PauseReason;
}

export async function readPower(hypervisor: Hypervisor, domain: DomainRef): Promise<Power> {
  const { power: state, reason } = await hypervisor.state(domain);
  switch (state) {
    case "shutoff":
      return { state, isActive: false };
    case "crashed":
      // `<on_crash>preserve</on_crash>` keeps the process.
      return (await hypervisor.isActive(domain))
        ? { state, isActive: true, pause: "crashed" }
        : { state, isActive: false };
    case "pmsuspended":
      return { state, isActive: true, pause: "asleep" };
    case "paused":
      return { state, isActive: true, pause: await pauseReason(hypervisor, domain, reason) };
    default:
      return { state, isActive: true };
  }
}

async function pauseReason(hypervisor: Hypervisor, domain: DomainRef, number: number): Promise<PauseReason> {
  const reason = PAUSE_REASONS[number] ?? "unknown";
  return MAY_OUTLAST_JOB.includes(reason) && !(await hypervisor.hasJob(domain)) ? "restored" : reason;
}
