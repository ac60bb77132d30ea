import type { FieldName } from "../args/fields.ts";
import type { HotplugSettings } from "../args/settings.ts";
import type { Observed } from "./observed.ts";
import { isOnlyPaused } from "./pause.ts";
import { noChange, type Obstacle, type Plan, type Reason, refuse, type Step, toReason } from "./plan.ts";
import { savedStateLost, shutdownSteps } from "./power.ts";
import { ADOPTED, headline, NEXT_BOOT, REPLACE_COSTS, REPLACE_STEP } from "./text.ts";

/** A change that the running domain can't make. */
interface Impossible {
  /** The argument that a replace is for. */
  field: FieldName;
  /** What changes: "1003 → 1300 MiB", "vCPUs 2 → 16". */
  subject: string;
  /** Why it can't. */
  obstacles: Obstacle[];
  /** What works instead, for the headline; "" where nothing does. */
  hint: string;
  /** What works instead, in full. */
  options: string[];
  /** What a restart starts the domain with: "1300 MiB", "16 vCPUs". */
  size: string;
  /** The steps that set the inactive definition; none where nothing differs. */
  definition: Step[];
  /** What a restart or a replace brings besides. */
  notes: string[];
}

/** The user's settings that decide about it. */
type FallbackSettings = Pick<HotplugSettings, "whenNotPossible"> & {
  adopted: boolean;
  allowDowntime: boolean;
  forceOff: boolean;
};

/** Plans such a change by the fallback that the user chose, with the reasons and what works live. */
export function planFallback(
  settings: FallbackSettings,
  observed: Observed,
  { field, subject, obstacles, hint, options, size, definition, notes }: Impossible,
): Plan {
  const { whenNotPossible, adopted, allowDowntime, forceOff } = settings;
  const why = [...obstacles.map(({ text }) => text), ...options];
  const reasons = obstacles.map(toReason);
  const [{ predicate } = { predicate: "can't be changed while the domain runs" }] = obstacles;
  const wordings = [
    `${subject} ${predicate}${hint}`,
    `${subject} ${predicate}`,
    `${subject} can't be changed while the domain runs`,
  ];
  const refused = (reason: Reason, predicate: string, ...options: string[]): Plan =>
    refuse(
      headline("refuse", `${subject} ${predicate}${hint}`, `${subject} ${predicate}`),
      [...reasons, reason],
      [...why, reason.text, ...options],
    );
  if (observed.nextBoot === undefined && (whenNotPossible === "restart" || whenNotPossible === "nextBoot"))
    return refused(TRANSIENT, "needs a next boot, which a transient domain doesn't have");
  switch (whenNotPossible) {
    case "error":
      return refuse(headline("refuse", ...wordings), [...reasons, NOT_WANTED], [...why, NOT_WANTED.text]);
    case "nextBoot":
      if (definition.length === 0) return noChange();
      return {
        outcome: "nextBoot",
        headline: headline("nextBoot", `${subject}, after a shutdown and start`),
        details: [...why, `the change ${NEXT_BOOT}`, ...notes],
        steps: definition,
        reasons,
      };
    case "restart": {
      if (!allowDowntime)
        return refused(DOWNTIME_FORBIDDEN, "needs a restart, which libvirt-hotplug:allowDowntime forbids");
      const stop = shutdownSteps(observed, forceOff, "shut the guest down");
      if (stop.refused !== undefined) return refused(stop.refused, "needs a restart", ...stop.notes);
      return {
        outcome: "restart",
        headline: headline("restart", ...wordings),
        details: [...why, describeRestart(size, forceOff), ...stop.notes, ...notes],
        // The definition is set while the domain is off: a guest that doesn't shut down keeps all of what it had.
        steps: [...stop.steps, ...definition, { kind: "start", sentence: "start the domain" }],
        reasons,
      };
    }
    case "replace":
      if (isOnlyPaused(obstacles))
        return refuse(headline("refuse", ...wordings), reasons, [...why, PAUSES_END]);
      if (obstacles.every(({ code }) => code === "vcpu-removal-unanswered"))
        return refuse(headline("refuse", ...wordings), reasons, [...why, RESTART_ENDS]);
      if (adopted)
        return refused(
          ADOPTED,
          "needs a replacement, but adopted domains are never replaced",
          'hotplug.whenNotPossible "restart" or "nextBoot" keeps the domain',
        );
      if (!allowDowntime)
        return refused(
          DOWNTIME_FORBIDDEN,
          "needs a replacement, which libvirt-hotplug:allowDowntime forbids",
        );
      return {
        outcome: "replace",
        headline: headline("replace", ...wordings),
        details: [...why, REPLACE_COSTS, ...savedStateLost(observed), KEPT_BY_RESTART, ...notes],
        steps: [{ kind: "replace", fields: [field], sentence: REPLACE_STEP }],
        reasons,
      };
  }
}

const KEPT_BY_RESTART =
  'hotplug.whenNotPossible "restart" keeps NVRAM, TPM state, snapshots and manual changes';

const PAUSES_END =
  'a pause ends, so the domain isn\'t replaced for it; hotplug.whenNotPossible "nextBoot" sets the size for the next boot';

const RESTART_ENDS =
  'a restart ends that, so the domain isn\'t replaced for it: shut it down and start it, or set hotplug.whenNotPossible to "restart" or "nextBoot"';

const TRANSIENT: Reason = {
  code: "transient-domain",
  text: "the domain is transient: it is gone once it stops, so it has no next boot",
};

const NOT_WANTED: Reason = {
  code: "when-not-possible-error",
  text: 'hotplug.whenNotPossible is "error", so nothing is done; "replace", "restart" and "nextBoot" are the other options',
};

const DOWNTIME_FORBIDDEN: Reason = {
  code: "downtime-forbidden",
  text: "the stack forbids downtime (libvirt-hotplug:allowDowntime is false), so nothing is done",
};

function describeRestart(size: string, forceOff: boolean): string {
  const force = forceOff ? "after that, forceOff forces it off" : "it is never forced off";
  return `the guest is shut down within shutdownTimeout (${force}) and started with ${size}`;
}
