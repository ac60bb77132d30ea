import { describeImage } from "../args/disk-source.ts";
import { defined } from "../defined.ts";
import {
  isDefine,
  isDeviceStep,
  isMoreDisruptive,
  isVcpuStep,
  noChange,
  type Reason,
  type Step,
} from "./plan.ts";
import type { UpdatePlan } from "./plan-update.ts";
import { formatList, headline, OUTCOME_WORDS, settingOnly } from "./text.ts";

/**
 * The plan that a preview shows, from the plan based on the state and the one based on an observation. An observation
 * can make a plan less disruptive or turn it into a refusal, but never makes a live change disruptive. So a preview
 * without a route to the hypervisor and an update with one have the same kind of plan.
 *
 * @param looked undefined where the domain couldn't be observed
 */
export function previewedPlan(fromState: UpdatePlan, looked: UpdatePlan | undefined): UpdatePlan {
  if (looked === undefined || looked.outcome === "unknown") return fromState;
  if (!isMoreDisruptive(looked.outcome, fromState.outcome) || isNonDisruptive(looked)) return looked;
  return changed(looked, fromState, "since the state was recorded");
}

/**
 * The plan that update may carry out: its own, unless that is more disruptive than the preview of the same run, or of another
 * kind. An update that was announced as nothing, or as a setting, does nothing to the domain.
 *
 * @param announced undefined where no preview was made in this process
 */
export function permittedPlan(announced: UpdatePlan | undefined, planned: UpdatePlan): UpdatePlan {
  if (announced === undefined) return interrupts(planned) ? notPreviewed(planned) : planned;
  const now = withoutNewDeletions(announced, planned);
  if (announced.outcome === "none") return withholding(now, now.steps, now.headline);
  if (announced.outcome === "unknown")
    return interrupts(now) ? notPreviewed(now) : asAnnounced(announced, now);
  const isMoreThanAnnounced = isMoreDisruptive(now.outcome, announced.outcome) && !isNonDisruptive(now);
  const isUnannounced = isNonDisruptive(announced) && newlyRemoved(now, announced).length > 0;
  return isMoreThanAnnounced || isUnannounced
    ? changed(now, announced, "since the preview")
    : asAnnounced(announced, now);
}

/** An image is deleted only if the preview announced that. */
function withoutNewDeletions(announced: UpdatePlan, now: UpdatePlan): UpdatePlan {
  const sentences = new Set(announced.steps.map(({ sentence }) => sentence));
  const held = now.steps.flatMap((step) =>
    step.kind === "deleteImage" && !sentences.has(step.sentence) ? [step] : [],
  );
  if (held.length === 0) return now;
  const images = held.map(({ disk }) => describeImage(disk.source));
  const keptImages = `${formatList(images)} ${images.length === 1 ? "isn't" : "aren't"} deleted, since the preview didn't announce it`;
  const steps = now.steps.filter((step) => !held.some((one) => one === step));
  if (steps.length > 0) return { ...now, steps, keptImages };
  const { memory, vcpus, settings } = now;
  return { ...noChange(), ...defined({ memory, vcpus }), settings, keptImages };
}

/** What a step is about. The steps for the memory depend on how the domain is found, and may replace each other. */
type Subject = "memory" | "vCPUs" | "arguments" | Step["kind"];

const OF_MEMORY: ReadonlySet<Step["kind"]> = new Set(["attach", "detach", "resize", "balloon"]);

/** The size of a disk may be known only in the update, of which the preview announced that the disks change. */
const OF_ARGUMENTS: ReadonlySet<Step["kind"]> = new Set([
  "autostart",
  "changePassword",
  "makeDisk",
  "resizeDisk",
]);

function subjectsOf(step: Step): Subject[] {
  if (OF_MEMORY.has(step.kind)) return ["memory"];
  if (isDeviceStep(step)) return ["arguments"];
  if (isVcpuStep(step)) return ["vCPUs"];
  if (!isDefine(step)) return [OF_ARGUMENTS.has(step.kind) ? "arguments" : step.kind];
  const others = step.fields.filter((name) => name !== "numa");
  const isMemory = step.definition !== undefined || others.length < step.fields.length;
  return [
    ...(isMemory ? ["memory" as const] : []),
    ...(step.vcpus === undefined ? [] : ["vCPUs" as const]),
    ...(others.length > 0 ? ["arguments" as const] : []),
  ];
}

/** What the preview announced to do. */
function announcedSubjects({ outcome, steps, known }: UpdatePlan): ReadonlySet<Subject> {
  const subjects = [...steps, ...(known?.steps ?? [])].flatMap(subjectsOf);
  // A restart brings the sizes as well.
  return new Set(
    outcome === "unknown" || outcome === "restart" ? [...subjects, "memory", "vCPUs"] : subjects,
  );
}

/**
 * The steps that the preview announced in kind. A change of the power that it didn't announce isn't made: neither harmless nor
 * what was agreed to. Where the other steps depend on it, or any other kind is new, the update is refused.
 */
function asAnnounced(announced: UpdatePlan, now: UpdatePlan): UpdatePlan {
  // A replace brings everything.
  if (announced.outcome === "replace") return now;
  const subjects = announcedSubjects(announced);
  const isNew = (step: Step) => subjectsOf(step).some((subject) => !subjects.has(subject));
  // Without a discard, a start would restore what the program wants to be discarded.
  const isHeld = now.steps.some((step) => step.kind === "discard" && isNew(step));
  const held = now.steps.filter((step) => isNew(step) || (isHeld && step.kind === "start"));
  if (held.length === 0) return now;
  const kept = now.steps.filter((step) => !held.includes(step));
  const isSeparable =
    held.every(({ kind }) => POWER_ON.has(kind)) &&
    (held.every(({ kind }) => kind === "start" || kind === "discard") || !kept.some(needsRunningGuest));
  return isSeparable
    ? withholding(now, held, held.map(({ sentence }) => sentence).join("; "))
    : changed(now, announced, "since the preview");
}

const POWER_ON: ReadonlySet<Step["kind"]> = new Set(["start", "restore", "discard", "resume", "wake"]);

/** It was planned for a guest that is restored, resumed or woken before. */
function needsRunningGuest(step: Step): boolean {
  return (
    step.kind === "attach" ||
    step.kind === "detach" ||
    step.kind === "resize" ||
    step.kind === "changePassword" ||
    isDeviceStep(step) ||
    isVcpuStep(step) ||
    step.kind === "stop" ||
    (step.kind === "balloon" && step.where === "live")
  );
}

/** The plan without some of its steps, which only the next preview can announce. */
function withholding(now: UpdatePlan, held: Step[], what: string): UpdatePlan {
  if (what === "" || (held.length === 0 && now.outcome !== "refuse")) return now;
  const withheld = `not done, since the preview didn't announce it: ${what}; run pulumi up again to preview and apply it`;
  const steps = now.steps.filter((step) => !held.includes(step));
  if (steps.length > 0) return { ...now, steps, withheld };
  const { settings } = now;
  const line = settings.length === 0 ? "" : settingOnly(settings);
  const parts = defined({ memory: now.memory, vcpus: now.vcpus });
  return { ...noChange(), headline: line, ...parts, settings, withheld };
}

const DEVICES = { disk: "disks", interface: "network interfaces" } as const;

/** What the guest loses, which may harm it, so the preview must have shown it. */
function removed({ steps }: UpdatePlan): string[] {
  const losesMemory = steps.some(
    (step) =>
      step.kind === "detach" ||
      (step.kind === "resize" && step.device.requested < step.device.from) ||
      (step.kind === "balloon" && step.takesMemory),
  );
  const losesVcpus = steps.some(({ kind }) => kind === "unplugVcpus");
  const devices = steps.flatMap((step) => (step.kind === "detachDevice" ? [DEVICES[step.device]] : []));
  return [...(losesMemory ? ["memory"] : []), ...(losesVcpus ? ["vCPUs"] : []), ...new Set(devices)];
}

function newlyRemoved(now: UpdatePlan, before: UpdatePlan): string[] {
  const known = removed(before);
  return removed(now).filter((what) => !known.includes(what));
}

/** None of these interrupts the guest, so a difference between them needs no second preview. */
function isNonDisruptive(change: UpdatePlan): boolean {
  return change.outcome === "none" || change.outcome === "live" || change.outcome === "nextBoot";
}

/** A stop without a start is what the program wants: `running: false`. */
function interrupts(change: UpdatePlan): boolean {
  return (
    change.outcome === "replace" ||
    (change.outcome === "restart" && change.steps.some((step) => step.kind === "start"))
  );
}

/** @param since when the domain was as planned before */
function changed(now: UpdatePlan, before: UpdatePlan, since: string): UpdatePlan {
  const lost = newlyRemoved(now, before);
  const kinds =
    before.outcome === now.outcome
      ? lost.length > 0
        ? `${formatList(lost)} would be removed`
        : "other steps are needed"
      : `planned: ${OUTCOME_WORDS[before.outcome]}, now: ${OUTCOME_WORDS[now.outcome]}`;
  const text = `the domain changed ${since} (${kinds})`;
  return refused(now, { code: "domain-changed", text }, [
    `planned: "${before.headline || "no change"}"`,
    `now: "${now.headline}"`,
  ]);
}

function notPreviewed(now: UpdatePlan): UpdatePlan {
  const text = `a ${OUTCOME_WORDS[now.outcome]} wasn't previewed`;
  return refused(now, { code: "not-previewed", text }, [`now: "${now.headline}"`]);
}

function refused(now: UpdatePlan, reason: Reason, details: string[]): UpdatePlan {
  if (now.outcome === "refuse") return now;
  return {
    ...now,
    outcome: "refuse",
    headline: headline("refuse", `${reason.text}; refresh and preview again`),
    details: [...details, ...now.reasons.map(({ text }) => text), "nothing was done"],
    steps: [],
    reasons: [reason, ...now.reasons],
  };
}
