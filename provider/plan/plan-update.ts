import type { FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import type { Defaults } from "../args/settings.ts";
import { containsUnknown, knownHotplug, UNKNOWN } from "../args/unknown.ts";
import type { Kib } from "../units/kib.ts";
import { changedFields, changesThatNeed } from "./changed-fields.ts";
import { desiredMemory } from "./desired.ts";
import type { Observed } from "./observed.ts";
import { isMoreDisruptive, type Outcome, type Plan, refuse, type Step } from "./plan.ts";
import { planMemory } from "./plan-memory.ts";
import { NEXT_BOOT, REPLACE_COSTS } from "./text.ts";

/** The whole of an update: the memory's plan, and what the other arguments that changed need. */
export interface UpdatePlan extends Plan {
  /** The plan of the memory alone; undefined while a size isn't known. */
  memory?: Plan;
  /** The arguments that changed and need nothing on the domain. */
  settings: FieldName[];
}

/** What an update is planned from. */
export interface UpdatePlanInput {
  /** What the program asks, as check made it. */
  inputs: Inputs;
  /** The arguments that the state echoes, for those that can't be read off the domain. */
  before: Partial<Inputs>;
  /** The domain as it is, from a look or from the state. */
  observed: Observed;
  /** The memory of the inactive definition as the state recorded it; undefined when it recorded none. */
  recorded: Kib | undefined;
  defaults: Defaults;
  /** Somebody else made the domain. */
  adopted: boolean;
}

/** Plans an update. Pure, and shared by preview and update. */
export function planUpdate({
  inputs,
  before,
  observed,
  recorded,
  defaults,
  adopted,
}: UpdatePlanInput): UpdatePlan {
  const changed = changedFields(before, inputs);
  const settings = changesThatNeed("setting", changed, inputs);
  const stop = observed.power !== "off" && inputs.running === false;
  const desired = desiredMemory(inputs, defaults, adopted);
  const numaChanged = changed.includes("numa") && observed.power !== "off";
  const memory =
    desired &&
    planMemory(desired, asRedefined(observed, changed, inputs), {
      stopping: stop,
      numaChanged,
      balloonReleased: before.currentMemory !== undefined && inputs.currentMemory === undefined,
      ...(recorded !== undefined && { recorded }),
    });
  const parts = [
    ...(memory === undefined ? [] : [memory]),
    ...replacePlans(changed, inputs, adopted),
    ...(stop ? [stopPlan(inputs)] : []),
    ...redefinePlans(changed, inputs, observed),
    ...autostartPlans(changed, inputs),
    ...(observed.power === "off" && inputs.running !== false && !containsUnknown(inputs.running)
      ? [startPlan()]
      : []),
  ];
  const whole = combined(stop ? stopFirst(parts) : parts);
  if (memory === undefined) return { ...unknownPlan(inputs, whole, defaults), settings };
  const headline =
    whole.headline === "" && settings.length > 0 ? `setting only: ${settings.join(", ")}` : whole.headline;
  return { ...whole, headline, memory, settings };
}

/**
 * The definition as it will be: its machine decides what can be plugged, its balloon whether there is one, and the same
 * update may change them.
 */
function asRedefined(observed: Observed, changed: FieldName[], { machine, balloon }: Inputs): Observed {
  if (observed.nextBoot === undefined) return observed;
  const { machine: _, ...unnamed } = observed.nextBoot;
  const isMachine = changed.includes("machine") && !containsUnknown(machine);
  const named = isMachine ? { ...unnamed, ...(machine !== undefined && { machine }) } : observed.nextBoot;
  const { withoutBalloon: __, ...withBalloon } = named;
  const isBalloon = changed.includes("balloon") && balloon !== false;
  return { ...observed, nextBoot: isBalloon ? withBalloon : named };
}

/** The parts of one update as one plan: the gravest outcome; a replace or a refusal stands for everything. */
function combined(parts: Plan[]): Plan {
  const outcome = parts.reduce<Outcome>(
    (worst, part) => (isMoreDisruptive(part.outcome, worst) ? part.outcome : worst),
    "none",
  );
  const decisive =
    outcome === "replace" || outcome === "refuse" ? parts.filter((part) => part.outcome === outcome) : parts;
  const layout = parts.find((part) => part.layout)?.layout;
  return {
    outcome,
    headline: decisive.flatMap((part) => part.headline || []).join("; "),
    details: [],
    steps: outcome === "refuse" ? [] : decisive.flatMap((part) => part.steps),
    reasons: decisive.flatMap((part) => part.reasons),
    ...(layout && { layout }),
  };
}

/** A domain is stopped before its definition is changed, so that a refused definition isn't found out too late to matter. */
function stopFirst(parts: Plan[]): Plan[] {
  const isStop = (part: Plan) => part.steps.some((step) => step.kind === "stop");
  return [...parts.filter(isStop), ...parts.filter((part) => !isStop(part))];
}

function replacePlans(changed: FieldName[], inputs: Inputs, adopted: boolean): Plan[] {
  const fields = changesThatNeed("replace", changed, inputs);
  if (fields.length === 0) return [];
  const reason = `a change of ${fields.join(", ")} needs a new domain`;
  if (adopted)
    return [
      refuse(`${reason}, and this one was adopted, so it is never replaced`, [
        { code: "adopted-domain", text: reason },
      ]),
    ];
  return [
    {
      outcome: "replace",
      headline: `replace: ${reason}; ${REPLACE_COSTS}`,
      details: [],
      steps: [{ kind: "replace", fields, sentence: REPLACE_COSTS }],
      reasons: [{ code: "replace-required", text: reason }],
    },
  ];
}

function redefinePlans(changed: FieldName[], inputs: Inputs, observed: Observed): Plan[] {
  const later = changesThatNeed("nextBoot", changed, inputs);
  const now = changesThatNeed("definition", changed, inputs);
  const fields = [...later, ...now];
  if (fields.length === 0) return [];
  const off = observed.power === "off" || inputs.running === false;
  const anew = fields.includes("xml")
    ? "; the definition is written anew from xml, without what was changed in it by hand"
    : "";
  const headline =
    later.length > 0 && !off
      ? `${later.join(", ")}: ${NEXT_BOOT}${anew}`
      : `${fields.join(", ")}: changed in the definition${anew}`;
  const step: Step = { kind: "redefine", fields, sentence: `change ${fields.join(", ")} in the definition` };
  return [
    {
      outcome: later.length > 0 && !off ? "nextBoot" : "live",
      headline,
      details: [],
      steps: [step],
      reasons: [],
    },
  ];
}

function autostartPlans(changed: FieldName[], inputs: Inputs): Plan[] {
  if (!changed.includes("autostart") || containsUnknown(inputs.autostart)) return [];
  const on = inputs.autostart === true;
  const sentence = `turn autostart ${on ? "on" : "off"}`;
  return [
    {
      outcome: "live",
      headline: sentence,
      details: [],
      steps: [{ kind: "autostart", on, sentence }],
      reasons: [],
    },
  ];
}

function startPlan(): Plan {
  const sentence = "start the domain, which is off";
  return {
    outcome: "live",
    headline: sentence,
    details: [],
    steps: [{ kind: "start", sentence }],
    reasons: [],
  };
}

function stopPlan(inputs: Inputs): Plan {
  const sentence = "shut the domain down (running: false)";
  const step: Step = { kind: "stop", force: inputs.forceOff === true, sentence };
  return { outcome: "restart", headline: sentence, details: [], steps: [step], reasons: [] };
}

/** A size isn't known in this preview: never a replace on a guess. */
function unknownPlan(inputs: Inputs, known: Plan, defaults: Defaults): Plan {
  const chosen = knownHotplug(inputs).whenNotPossible;
  const hotplug: unknown = inputs.hotplug;
  const fallback =
    hotplug === UNKNOWN || containsUnknown(chosen) ? "the fallback" : (chosen ?? defaults.whenNotPossible);
  const words = fallback === "nextBoot" ? "at the next boot" : fallback === "error" ? "an error" : fallback;
  const headline = `update; live if possible, else ${words}: not known yet`;
  if (known.outcome === "replace") return known;
  return {
    outcome: "unknown",
    headline: [headline, known.headline].filter(Boolean).join("; "),
    details: [],
    steps: [],
    reasons: [],
  };
}
