import type { FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { askedMemory } from "./asked.ts";
import { changedFields, changesThatNeed, containsUnknown } from "./changed-fields.ts";
import { NEXT_BOOT, planMemory } from "./memory.ts";
import type { Observed } from "./observed.ts";
import { isGraver, type Outcome, type Plan, type Step } from "./plan.ts";

/** What a replace loses, for changes other than memory. */
const REPLACE = "the domain is shut down, deleted and created anew; disk files are kept";

/** The whole of an update: the memory's plan, and what the other arguments that changed need. */
export interface Change extends Plan {
  /** The plan of the memory alone; undefined while a size isn't known. */
  memory?: Plan;
  /** The arguments that changed and need nothing on the domain. */
  settings: FieldName[];
}

/**
 * Plans an update. Pure, and shared by preview and update.
 *
 * @param inputs what the program asks, as check made it
 * @param before the arguments that the state echoes, for those that can't be read off the domain
 * @param observed the domain as it is, from a look or from the state
 */
export function planChange(inputs: Inputs, before: Partial<Inputs>, observed: Observed): Change {
  const changed = changedFields(before, inputs);
  const settings = changesThatNeed("setting", changed, inputs);
  const stop = observed.power !== "off" && inputs.running === false;
  const asked = askedMemory(inputs);
  const memory = asked && planMemory(asked, observed, stop);
  const parts = [
    ...(memory === undefined ? [] : [memory]),
    ...replaced(changed, inputs),
    ...(stop ? [stopping()] : []),
    ...redefined(changed, inputs, observed),
    ...autostarted(changed, inputs),
    ...(observed.power === "off" && inputs.running !== false && !containsUnknown(inputs.running)
      ? [starting()]
      : []),
  ];
  const whole = together(stop ? stopFirst(parts) : parts);
  if (memory === undefined) return { ...notKnown(inputs, whole), settings };
  const summary =
    whole.summary === "" && settings.length > 0 ? `setting only: ${settings.join(", ")}` : whole.summary;
  return { ...whole, summary, memory, settings };
}

/** The parts of one update as one plan: the gravest outcome; a replace or a refusal stands for everything. */
function together(parts: Plan[]): Plan {
  const outcome = parts.reduce<Outcome>(
    (worst, part) => (isGraver(part.outcome, worst) ? part.outcome : worst),
    "none",
  );
  const decisive =
    outcome === "replace" || outcome === "refuse" ? parts.filter((part) => part.outcome === outcome) : parts;
  const memory = parts.find((part) => part.layout ?? part.reachable);
  return {
    outcome,
    summary: decisive.flatMap((part) => part.summary || []).join("; "),
    steps: outcome === "refuse" ? [] : decisive.flatMap((part) => part.steps),
    reasons: decisive.flatMap((part) => part.reasons),
    ...(memory?.layout && { layout: memory.layout }),
    ...(memory?.reachable && { reachable: memory.reachable }),
  };
}

/** A domain is stopped before its definition is changed, so that a refused definition isn't found out too late to matter. */
function stopFirst(parts: Plan[]): Plan[] {
  const isStop = (part: Plan) => part.steps.some((step) => step.kind === "stop");
  return [...parts.filter(isStop), ...parts.filter((part) => !isStop(part))];
}

function replaced(changed: FieldName[], inputs: Inputs): Plan[] {
  const fields = changesThatNeed("replace", changed, inputs);
  if (fields.length === 0) return [];
  const reason = `a change of ${fields.join(", ")} needs a new domain`;
  return [
    {
      outcome: "replace",
      summary: `replace: ${reason}; ${REPLACE}`,
      steps: [{ kind: "replace", fields, sentence: REPLACE }],
      reasons: [reason],
    },
  ];
}

function redefined(changed: FieldName[], inputs: Inputs, observed: Observed): Plan[] {
  const later = changesThatNeed("nextBoot", changed, inputs);
  const now = changesThatNeed("definition", changed, inputs);
  const fields = [...later, ...now];
  if (fields.length === 0) return [];
  const off = observed.power === "off" || inputs.running === false;
  const anew = fields.includes("xml")
    ? "; the definition is written anew from xml, without what was changed in it by hand"
    : "";
  const summary =
    later.length > 0 && !off
      ? `${later.join(", ")}: ${NEXT_BOOT}${anew}`
      : `${fields.join(", ")}: changed in the definition${anew}`;
  const step: Step = { kind: "redefine", fields, sentence: `change ${fields.join(", ")} in the definition` };
  return [{ outcome: later.length > 0 && !off ? "nextBoot" : "live", summary, steps: [step], reasons: [] }];
}

function autostarted(changed: FieldName[], inputs: Inputs): Plan[] {
  if (!changed.includes("autostart") || containsUnknown(inputs.autostart)) return [];
  const on = inputs.autostart === true;
  const sentence = `turn autostart ${on ? "on" : "off"}`;
  return [{ outcome: "live", summary: sentence, steps: [{ kind: "autostart", on, sentence }], reasons: [] }];
}

function starting(): Plan {
  const sentence = "start the domain, which is off";
  return { outcome: "live", summary: sentence, steps: [{ kind: "start", sentence }], reasons: [] };
}

function stopping(): Plan {
  const sentence = "shut the domain down (running: false)";
  return { outcome: "restart", summary: sentence, steps: [{ kind: "stop", sentence }], reasons: [] };
}

/** A size isn't known in this preview: never a replace on a guess. */
function notKnown(inputs: Inputs, known: Plan): Plan {
  const { whenNotPossible = "replace" } = inputs.hotplug ?? {};
  const fallback = containsUnknown([inputs.hotplug, whenNotPossible])
    ? "replace or an error, as hotplug says"
    : { replace: "replace", error: "an error" }[whenNotPossible];
  const summary = `update; live if possible, else ${fallback}: not known yet`;
  if (known.outcome === "replace") return known;
  return {
    outcome: "unknown",
    summary: [summary, known.summary].filter(Boolean).join("; "),
    steps: [],
    reasons: [],
  };
}
