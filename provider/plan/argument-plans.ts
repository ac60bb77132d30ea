import type { FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { containsUnknown } from "../args/unknown.ts";
import { changesThatNeed, unionOf } from "./changed-fields.ts";
import { defineStep } from "./definition/steps.ts";
import { lockedWithoutLimit } from "./hard-limit.ts";
import type { Observed } from "./observed.ts";
import { type Plan, type Reason, refuse } from "./plan.ts";
import { savedStateFirst, savedStateLost } from "./power.ts";
import { ADOPTED, formatList, headline, NEXT_BOOT, noteIf, REPLACE_COSTS, REPLACE_STEP } from "./text.ts";

/** The arguments whose change needs a new domain. */
export function replacePlans(
  changed: FieldName[],
  inputs: Inputs,
  observed: Observed,
  adopted: boolean,
): Plan[] {
  const fields = changesThatNeed("replace", changed, inputs);
  if (fields.length === 0) return [];
  const text = `changing ${formatList(fields)} needs a new domain`;
  const required: Reason = { code: "replace-required", text };
  if (adopted) return [refuse(headline("refuse", `${text}, but ${ADOPTED.text}`), [required, ADOPTED])];
  return [
    {
      outcome: "replace",
      headline: headline("replace", text),
      details: [REPLACE_COSTS, ...savedStateLost(observed)],
      steps: [{ kind: "replace", fields, sentence: REPLACE_STEP }],
      reasons: [required],
    },
  ];
}

/** Graphics among them: what is set in the running domain is left out. */
export function changesAtBoot(changed: FieldName[], inputs: Inputs): FieldName[] {
  return unionOf(changesThatNeed("nextBoot", changed, inputs), changesThatNeed("graphics", changed, inputs));
}

/**
 * The arguments that change in the definition, at once or for the next boot.
 *
 * @param restarts a size needs a restart, which brings these arguments too
 * @param left what an interrupted update left in the definition
 * @param devices lists of devices that change in the definition only
 */
export function fieldPlans(
  changed: FieldName[],
  inputs: Inputs,
  observed: Observed,
  {
    restarts,
    left,
    adopted,
    devices,
  }: { restarts: boolean; left: FieldName[]; adopted: boolean; devices: FieldName[] },
): Plan[] {
  const waiting = [...changesAtBoot(changed, inputs), ...(adopted ? [] : vcpusLeftToXml(changed, inputs))];
  const later = unionOf(waiting, devices);
  const fields = [...later, ...changesThatNeed("definition", changed, inputs)];
  if (fields.length === 0) return [];
  const off = (observed.power === "off" && observed.saved === undefined) || inputs.running === false;
  const waits = later.length > 0 && !off;
  const outcome = waits ? (restarts ? "restart" : "nextBoot") : "live";
  const step = defineStep(undefined, fields);
  const when = restarts ? ", with the same restart" : ", after a shutdown and start";
  return [
    {
      outcome,
      headline: waits
        ? headline(outcome, `${formatList(later)}${when}`, `${later.length} arguments${when}`)
        : headline("live", step.sentence, `change ${fields.length} arguments in the definition`),
      details: [
        ...noteIf(outcome === "nextBoot", `the change ${NEXT_BOOT}`),
        ...noteIf(
          left.length > 0,
          `an interrupted update left another value of ${formatList(left)} in the definition`,
        ),
        ...savedStateFirst(observed),
        ...(fields.includes("memoryBacking") ? lockedWithoutLimit(inputs, observed.nextBoot ?? {}) : []),
        ...noteIf(fields.includes("xml"), "the definition is rewritten from xml; manual changes are lost"),
      ],
      steps: [step],
      reasons: [],
    },
  ];
}

/** The program no longer sets the number of vCPUs, which its own XML then decides. */
function vcpusLeftToXml(changed: FieldName[], { vcpus, xml }: Inputs): FieldName[] {
  return changed.includes("vcpus") && vcpus === undefined && xml !== undefined ? ["vcpus"] : [];
}

export function autostartPlans(changed: FieldName[], inputs: Inputs): Plan[] {
  if (!changed.includes("autostart") || containsUnknown(inputs.autostart)) return [];
  const on = inputs.autostart === true;
  const sentence = `turn autostart ${on ? "on" : "off"}`;
  return [
    {
      outcome: "live",
      headline: headline("live", sentence),
      details: [],
      steps: [{ kind: "autostart", on, sentence }],
      reasons: [],
    },
  ];
}
