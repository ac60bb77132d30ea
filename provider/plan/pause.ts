import type { Observed } from "./observed.ts";
import type { Obstacle, Reason } from "./plan.ts";

/**
 * What may be done about it:
 * - `suspended`: a user did it, so that the program's `running: true` resumes it;
 * - `halted`: something is wrong, or not known; it is named, and never resumed;
 * - `busy`: a job of libvirt holds the domain, and resumes it when it ends;
 * - `asleep`: the guest's own power management; it can be woken.
 */
export type PauseKind = "suspended" | "halted" | "busy" | "asleep";

const KINDS = {
  unknown: "halted",
  user: "suspended",
  migrating: "busy",
  saving: "busy",
  dumping: "busy",
  "I/O error": "halted",
  watchdog: "halted",
  "from snapshot": "suspended",
  "shutting down": "busy",
  "creating snapshot": "busy",
  crashed: "halted",
  "starting up": "busy",
  "post-copy": "halted",
  "post-copy failed": "halted",
  "API error": "halted",
  restored: "suspended",
  asleep: "asleep",
} as const satisfies Record<string, PauseKind>;

/**
 * Why the guest of an active domain doesn't run: virsh's words for virDomainPausedReason, `asleep` for a guest that is
 * suspended to memory (S3), and `restored` for one that was saved while it was paused. States keep these.
 */
export type PauseReason = keyof typeof KINDS;

export const PAUSE_REASONS = Object.keys(KINDS) as PauseReason[];

export interface Pause {
  kind: PauseKind;
  reason: PauseReason;
}

/** Undefined for a guest that runs, and for a domain that is off. States of earlier versions have no reason. */
export function pauseOf({ power, pause = "user" }: Observed): Pause | undefined {
  return power === "paused" ? { kind: KINDS[pause], reason: pause } : undefined;
}

/** "paused (I/O error)", "asleep (suspended to memory)" */
export function describePause({ reason }: Pause): string {
  return reason === "asleep" ? "asleep (suspended to memory)" : `paused (${reason})`;
}

/** Why another call would have to wait: the update is worth a retry. */
export function busyReason({ reason }: Pause): Reason {
  return {
    code: "domain-busy",
    text: `another job holds the domain, which is paused (${reason}); run pulumi up again once it has ended`,
  };
}

/**
 * Why the guest couldn't take memory or vCPUs now, nor perhaps ever. Memory that a suspended guest gets is there when it is resumed,
 * and so it is after a pause whose reason isn't known.
 */
export function pauseObstacles(observed: Observed, what: "memory" | "vCPUs" = "memory"): Obstacle[] {
  const pause = pauseOf(observed);
  if (pause === undefined || pause.reason === "unknown") return [];
  if (pause.kind === "asleep")
    return [
      {
        code: "domain-asleep",
        text: `the guest is asleep (suspended to memory): it would never see ${what === "memory" ? "memory that is" : "vCPUs that are"} plugged while it sleeps; wake it first (running: true, or virsh dompmwakeup)`,
        predicate: "needs a guest that is awake, but it is suspended to memory",
      },
    ];
  if (pause.kind !== "halted") return [];
  return [
    {
      code: "domain-halted",
      text: `the domain is ${describePause(pause)}: its guest can't take ${what} until the cause is dealt with and the domain is resumed (virsh resume)`,
      predicate: `needs a running guest, but the domain is ${describePause(pause)}`,
    },
  ];
}

/** A guest gives something up only while it runs. */
export function releaseObstacles({ power }: Observed, what: string): Obstacle[] {
  if (power !== "paused") return [];
  return [
    {
      code: "domain-paused",
      text: `the domain is paused: the guest can only release ${what} once the domain resumes`,
      predicate: "needs a running guest, but the domain is paused",
    },
  ];
}

/** Whether only a pause is in the way: that ends, so it must not cost the domain. */
export function isOnlyPaused(obstacles: Obstacle[]): boolean {
  const codes = new Set(obstacles.map(({ code }) => code));
  const isHalted = codes.has("domain-asleep") || codes.has("domain-halted");
  return isHalted && [...codes].every((code) => PAUSES.has(code));
}

const PAUSES: ReadonlySet<string> = new Set(["domain-asleep", "domain-halted", "domain-paused"]);
