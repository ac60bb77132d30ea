import type { Kib } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import type { DesiredMemory } from "./desired.ts";
import type { SizeContext } from "./live-sizes/acceptable.ts";
import { downwardSizes, sizesWithUnplug } from "./live-sizes/down.ts";
import { describeLiveSizes, formatRanges, liveSizesHint } from "./live-sizes/text.ts";
import { upwardSizes } from "./live-sizes/up.ts";
import type { MemoryView, Observed } from "./observed.ts";
import { isOnlyPaused } from "./pause.ts";
import {
  noChange,
  type Obstacle,
  type Plan,
  type Reachable,
  type Reason,
  refuse,
  type Step,
  toReason,
} from "./plan.ts";
import { savedStateLost, shutdownSteps } from "./power.ts";
import { ADOPTED, formatChange, headline, NEXT_BOOT, noteIf, REPLACE_COSTS, REPLACE_STEP } from "./text.ts";
import { deviceKindReason } from "./virtio-mem/rules.ts";

interface Refused {
  obstacles: Obstacle[];
  /** What the sizes that work live depend on besides the domain. */
  context: SizeContext;
  /** The steps that set the inactive definition; none where nothing differs. */
  definition: Step[];
  /** What a restart or a replace brings besides the size. */
  notes: string[];
}

/**
 * Plans a change that the running domain can't make: by the fallback that the user chose, with the reasons and the
 * sizes that work live.
 */
export function planFallback(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  { obstacles, definition, notes, context }: Refused,
): Plan {
  const { whenNotPossible } = desired;
  const field = fieldOf(desired, live);
  const subject =
    field === "memory"
      ? formatChange(live.memory, desired.memory)
      : field === "hotplug"
        ? "hotplug.device"
        : field;
  const sizes = nearestSizes(desired, observed, live, context);
  const hint = field === "memory" ? liveSizesHint(sizes.nearest, live.memory) : "";
  const why = [
    ...obstacles.map(({ text }) => text),
    ...(field === "memory" ? [describeLiveSizes(sizes.nearest, live.memory, sizes.all)] : []),
    ...unplugOptions(desired, observed, live, obstacles, context),
  ];
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
      if (!desired.allowDowntime)
        return refused(DOWNTIME_FORBIDDEN, "needs a restart, which libvirt-hotplug:allowDowntime forbids");
      const stop = shutdownSteps(observed, desired.forceOff, "shut the guest down");
      if (stop.refused !== undefined) return refused(stop.refused, "needs a restart", ...stop.notes);
      return {
        outcome: "restart",
        headline: headline("restart", ...wordings),
        details: [...why, describeRestart(desired), ...stop.notes, ...notes],
        // The definition is set while the domain is off: a guest that doesn't shut down keeps all of what it had.
        steps: [...stop.steps, ...definition, { kind: "start", sentence: "start the domain" }],
        reasons,
      };
    }
    case "replace":
      if (isOnlyPaused(obstacles))
        return refuse(headline("refuse", ...wordings), reasons, [...why, PAUSES_END]);
      if (desired.adopted)
        return refused(
          ADOPTED,
          "needs a replacement, but adopted domains are never replaced",
          'hotplug.whenNotPossible "restart" or "nextBoot" keeps the domain',
        );
      if (!desired.allowDowntime)
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

/** The argument whose change needs the fallback. */
function fieldOf(desired: DesiredMemory, live: MemoryView): "memory" | "hotplug" | "numa" {
  if (live.memory !== desired.memory) return "memory";
  return deviceKindReason(desired, live) === undefined ? "numa" : "hotplug";
}

function describeRestart({ memory, forceOff }: DesiredMemory): string {
  const force = forceOff ? "after that, forceOff forces it off" : "it is never forced off";
  return `the guest is shut down within shutdownTimeout (${force}) and started with ${formatMib(memory)}`;
}

/** The smaller sizes that would work if the program allowed unplugging, if no DIMMs add up to the desired decrease. */
function unplugOptions(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  obstacles: Obstacle[],
  context: SizeContext,
): string[] {
  const isDimms = desired.device === "dimm" && desired.memory < live.memory;
  if (!isDimms || obstacles.some(({ code }) => code === "unplug-not-allowed")) return [];
  const sizes = sizesWithUnplug(desired, observed, context);
  return noteIf(sizes.length > 0, `hotplug.allowUnplug: true would also allow ${formatRanges(sizes)}`);
}

/** The sizes that work without a restart, and the nearest of them around the desired one. */
function nearestSizes(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  context: SizeContext,
): { all: Reachable[]; nearest: Kib[] } {
  const up = upwardSizes(desired, observed, context);
  const all = [...downwardSizes(desired, observed, context), ...(up ? [up] : [])];
  return { all, nearest: around(desired.memory, live.memory, all) };
}

/** The nearest size below the wanted one and the nearest above it; the present size counts as well. */
function around(wanted: Kib, present: Kib, sizes: Reachable[]): Kib[] {
  const fitting = sizes.flatMap(({ from, to, step }) => {
    if (wanted < from) return [from];
    const below = Math.min(to, from + Math.floor((wanted - from) / step) * step);
    return below + step <= to ? [below, below + step] : [below];
  });
  const all = [present, ...fitting].sort((a, b) => a - b);
  const below = all.findLast((size) => size <= wanted);
  const above = all.find((size) => size > wanted);
  return [below, above].flatMap((size) => size ?? []);
}
