import { UserError } from "../errors.ts";
import type { Observation } from "../observe/observe.ts";
import { bootRounding } from "../plan/guest-block.ts";
import type { MemoryView } from "../plan/observed.ts";
import { isDefine, isVcpuStep, type Step } from "../plan/plan.ts";
import type { Kib } from "../units/kib.ts";
import { asFound, type Promised, type PromisedMemory, promisedAfter } from "./promised.ts";
import { type Figure, sizeFigure, stepFigures, vcpuFigure } from "./step-figures.ts";

type Subject = "power" | "autostart" | "live" | "definition" | "vCPUs";

/** What each kind of step is about. Somebody else may change the rest of the domain meanwhile. */
const SUBJECTS: Readonly<Record<Step["kind"], readonly Subject[]>> = {
  attach: ["power", "live"],
  detach: ["power", "live"],
  resize: ["power", "live"],
  attachDevice: ["power", "live"],
  detachDevice: ["power", "live"],
  updateDevice: ["power", "live"],
  plugVcpus: ["power", "vCPUs"],
  unplugVcpus: ["power", "vCPUs"],
  balloon: [],
  define: ["definition"],
  changePassword: ["power", "live"],
  resizeDisk: ["power"],
  makeDisk: ["power"],
  deleteImage: ["power"],
  autostart: ["autostart"],
  start: ["power", "live"],
  restore: ["power", "live"],
  discard: [],
  resume: ["power"],
  wake: ["power"],
  stop: ["power"],
  replace: [],
};

/**
 * Compares what a step promised with what was read back: a call that reports success may have done nothing, or half of it.
 *
 * @param movesDimm a hook may have put the DIMM into another slot
 * @throws UserError with both figures where they differ
 */
export function requireDone(step: Step, before: Observation, after: Observation, movesDimm: boolean): void {
  const promised = promisedAfter(asFound(before), step);
  const figures = [
    ...stepFigures(step, after.observed, movesDimm),
    ...domainFigures(promised, after, SUBJECTS[step.kind]),
  ];
  const text = differences(figures);
  if (text !== undefined) throw postconditionFailed(`libvirt reported success, but ${text}`);
}

/**
 * The same for the whole update, at its end.
 *
 * @throws UserError with both figures where the domain isn't as the plan promised
 */
export function requirePlanned(steps: Step[], before: Observation, now: Observation): void {
  if (steps.length === 0) return;
  const promised = steps.reduce(promisedAfter, asFound(before));
  const defined = steps.filter(isDefine).flatMap((step) => stepFigures(step, now.observed, true));
  const isSet = steps.some(({ kind }) => kind === "autostart");
  const isVcpus = steps.some(isVcpuStep);
  const subjects: Subject[] = [
    ...(["power", "live", "definition"] as const),
    ...(isSet ? (["autostart"] as const) : []),
    ...(isVcpus ? (["vCPUs"] as const) : []),
  ];
  const text = differences([...defined, ...domainFigures(promised, now, subjects)]);
  if (text !== undefined)
    throw postconditionFailed(
      `all steps were carried out, but then ${text}: someone else changed the domain`,
    );
}

/** A step that libvirt confirmed, but which the domain doesn't show. */
export function postconditionFailed(text: string): UserError {
  return new UserError(text, { code: "postcondition-failed" });
}

/** Undefined where all figures are as they should be. */
function differences(figures: Figure[]): string | undefined {
  const texts = figures
    .filter(({ wanted, found }) => wanted !== found)
    .map(({ what, wanted, found }) => `${what} is ${found} instead of ${wanted}`);
  return texts.length === 0 ? undefined : [...new Set(texts)].join("; ");
}

function domainFigures(
  { isOff, autostart, live, nextBoot, rounding, vcpus }: Promised,
  { observed, autostart: startsWithHost = false }: Observation,
  subjects: readonly Subject[],
): Figure[] {
  const onOff = (on: boolean) => (on ? "on" : "off");
  const figures: Record<Subject, Figure[]> = {
    power: [{ what: "the domain", wanted: onOff(!isOff), found: onOff(observed.power !== "off") }],
    autostart: [{ what: "autostart", wanted: onOff(autostart), found: onOff(startsWithHost) }],
    vCPUs:
      vcpus === undefined || observed.live === undefined
        ? []
        : [vcpuFigure("the number of vCPUs of the running domain", vcpus, observed.live)],
    live: live && observed.live ? liveFigures(live, observed.live, rounding) : [],
    definition: nextBoot
      ? [sizeFigure("the memory in the definition", nextBoot.total, observed.nextBoot?.memory)]
      : [],
  };
  return subjects.flatMap((subject) => figures[subject]);
}

function liveFigures(promised: PromisedMemory, found: MemoryView, rounding: Kib): Figure[] {
  const above = found.memory - promised.total;
  const isRounded = rounding > 0 && above > 0 && above < bootRounding(found);
  const total = sizeFigure(
    "the memory of the running domain",
    isRounded ? found.memory : promised.total,
    found.memory,
  );
  const number = { what: "the number of its memory devices", found: found.devices.length };
  return promised.devices === undefined ? [total] : [total, { ...number, wanted: promised.devices.length }];
}
