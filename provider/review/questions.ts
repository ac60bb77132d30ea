import { diskImages, isAmong } from "../args/disk-images.ts";
import { describeImage } from "../args/disk-source.ts";
import { hotplugSetting } from "../args/settings.ts";
import { desiredMemory } from "../plan/desired.ts";
import { describeNotOnlined } from "../plan/dimms/repair-text.ts";
import { freeSlots, slotCount } from "../plan/dimms/slots.ts";
import { type MemoryView, type Observed, pendingMemory } from "../plan/observed.ts";
import type { Step } from "../plan/plan.ts";
import { planUpdate, type UpdatePlan, type UpdatePlanInput } from "../plan/plan-update.ts";
import { describeHalted } from "../plan/power.ts";
import { formatVcpus, noteIf } from "../plan/text.ts";
import { formatMib, formatSize, formatWholeMib } from "../units/size.ts";
import type { Known } from "./domain-review.ts";
import { keptByOption, type Verdict } from "./verdict.ts";

/** A smaller ceiling leaves little room for growth without a restart. */
const LEAST_ROOM = 2;

/** The domain's memory before and after the change, where it is known. */
interface Views {
  before: MemoryView | undefined;
  after: MemoryView | undefined;
  /** The whole domain after the change. */
  left: Observed | undefined;
}

/** The verdicts after which the same guest runs. For `unknown` that isn't known. */
const KEEPING: ReadonlySet<Verdict> = new Set(["none", "live", "nextBoot", "refuse", "unknown"]);

/** What a reviewer should ask, as questions. */
export function questionsAbout(
  { step, kept, state, news, planned, defaults }: Known,
  verdict: Verdict,
  plan: UpdatePlan | undefined,
  { before, after, left }: Views,
): string[] {
  const observed = state?.__observed;
  const kinds = new Set(plan?.steps.map(({ kind }) => kind));
  const interrupts = verdict === "replace" || verdict === "restart";
  const isOwn = plan !== undefined;
  const isFallback = interrupts && isOwn && planned !== undefined && isOfSetting(planned, verdict);
  const option = verdict === "replace" ? keptByOption(step) : undefined;
  const chosen = news?.hotplug?.whenNotPossible;
  return [
    ...aboutState(observed, verdict === "refuse" ? observed : left),
    ...(KEEPING.has(verdict) ? aboutGuest(state) : []),
    ...noteIf(
      state?.__unread === true && verdict !== "delete",
      "An earlier update of this domain failed: does the recorded state still describe it?",
    ),
    ...(observed?.live === undefined || news === undefined || !KEEPING.has(verdict)
      ? []
      : rejectedDimms(observed.live, news, defaults).map((text) => `Is this known? ${text}`)),
    ...noteIf(
      isFallback && chosen === undefined,
      `Is the downtime intended? The program doesn't set hotplug.whenNotPossible, so "${defaults.whenNotPossible}" applies.`,
    ),
    ...noteIf(
      verdict === "replace" && !isOwn && news !== undefined && state !== undefined,
      "Is the replace intended? The plan from the recorded state doesn't need it.",
    ),
    ...noteIf(
      verdict === "replace" && isOwn && !isFallback,
      "Is the replace intended? The change needs it, whatever hotplug.whenNotPossible is.",
    ),
    ...noteIf(
      option !== undefined,
      `What happens to the old domain? It isn't deleted (${option}), and the new one can't have its name.`,
    ),
    ...(plan?.steps ?? []).flatMap((one) => aboutStop(one, news?.forceOff === true)),
    ...noteIf(
      kinds.has("detach"),
      "Can the guest release this memory? If it can't, the memory stays attached, and the update fails.",
    ),
    ...noteIf(kinds.has("unplugVcpus"), "Can the guest release these vCPUs?"),
    ...noteIf(kinds.has("detachDevice"), "Does the guest still use the device that is detached?"),
    ...(after === undefined ? [] : aboutRoom(after, before)),
    ...(plan?.steps ?? []).flatMap((one) =>
      one.kind === "deleteImage"
        ? [
            `Is the data backed up? The image ${describeImage(one.disk.source)} is deleted with all data on it (onDelete: "delete").`,
          ]
        : [],
    ),
    ...(step.op === "delete" ? aboutDelete(state, kept) : []),
    ...noteIf(
      news !== undefined &&
        hotplugSetting("awaitGuest", news, defaults) === false &&
        plan?.steps.some(givesMemory) === true,
      "Who checks that the guest uses the memory? hotplug.awaitGuest is false.",
    ),
  ];
}

/** What a reviewer should ask once an update is over. */
export function questionsAfter(state: Known["state"], before: Observed | undefined): string[] {
  if (state === undefined) return [];
  return [...aboutState(before, state.__observed), ...aboutGuest(state)];
}

/** Whether hotplug.whenNotPossible decides: "error" would refuse the change. */
function isOfSetting(planned: UpdatePlanInput, verdict: Verdict): boolean {
  const { inputs, defaults } = planned;
  const whenNotPossible = "error";
  const strict = {
    ...planned,
    inputs: { ...inputs, hotplug: { ...inputs.hotplug, whenNotPossible } },
    defaults: { ...defaults, whenNotPossible },
  } as const;
  return planUpdate(strict).outcome !== verdict;
}

/** The running guest gets memory, which it may leave unused. */
function givesMemory(step: Step): boolean {
  return step.kind === "attach" || (step.kind === "resize" && step.device.requested > step.device.from);
}

function aboutStop(step: Step, isForced: boolean): string[] {
  if (step.kind !== "stop") return [];
  if (step.atOnce) return ["May the guest be forced off? It can't be asked to shut down."];
  return noteIf(
    isForced,
    "May the guest be forced off? forceOff is true, so a guest that doesn't shut down in time is forced off.",
  );
}

/** About what an earlier change left, and this one leaves unchanged. */
function aboutState(before: Observed | undefined, after: Observed | undefined): string[] {
  if (before === undefined || after === undefined) return [];
  const left = new Set(stateQuestions(after));
  return stateQuestions(before).filter((question) => left.has(question));
}

function stateQuestions(observed: Observed): string[] {
  const pending = pendingMemory(observed);
  return [
    ...(pending === undefined
      ? []
      : [`When is the next restart? ${formatMib(pending)} is pending for it from an earlier change.`]),
    ...describeHalted(observed).map((text) => `Why is it halted? ${text}`),
    ...noteIf(observed.saved !== undefined, "What about the saved state? The next start restores it."),
  ];
}

function aboutGuest(state: Known["state"]): string[] {
  const memory = state?.__guest?.missing?.added;
  const vcpus = state?.__guestVcpus?.missing;
  return [
    ...(memory === undefined
      ? []
      : [`Why does the guest lack ${formatWholeMib(memory)} of the memory that was attached earlier?`]),
    ...(vcpus === undefined ? [] : [`Why does the guest lack ${formatVcpus(vcpus)} that its domain has?`]),
  ];
}

function rejectedDimms(
  live: MemoryView,
  news: NonNullable<Known["news"]>,
  defaults: Known["defaults"],
): string[] {
  const desired = desiredMemory(news, defaults);
  const described = desired === undefined ? [] : describeNotOnlined(desired, live);
  const refused = live.devices.filter(({ taken }) => taken === false).length;
  return refused > described.length && described.length === 0
    ? [`the guest rejected ${refused} of its ${live.devices.length} memory devices`]
    : described;
}

function aboutRoom(after: MemoryView, before: MemoryView | undefined): string[] {
  const { memory, maxMemory } = after;
  if (maxMemory === undefined)
    return noteIf(
      before === undefined || before.maxMemory !== undefined || memory > before.memory,
      "Should it be able to grow? Its maxMemory is its size, so each larger size needs a restart.",
    );
  const free = freeSlots(after).length;
  const isLast =
    slotCount(after) > 0 && free < 2 && (before === undefined || free < freeSlots(before).length);
  return [
    ...noteIf(
      maxMemory.size < LEAST_ROOM * memory,
      `Is the ceiling high enough? maxMemory ${formatSize(maxMemory.size)} is less than twice the size of ${formatSize(memory)}.`,
    ),
    ...noteIf(
      isLast,
      `When are slots freed? ${free === 0 ? "None is" : "One is"} left: a restart turns DIMMs into base memory.`,
    ),
  ];
}

function aboutDelete(state: Known["state"], kept: Known["kept"]): string[] {
  if (kept !== undefined)
    return [
      `Is it meant to leave the stack? The domain stays on its host, and nothing manages it (${kept}).`,
    ];
  const images = state === undefined ? [] : diskImages(state).filter(({ onDelete }) => onDelete === "delete");
  const count = images.filter(({ key }) => isAmong(state?.__made ?? [], key)).length;
  return [
    count === 0
      ? "Is the deletion intended? The domain is shut down and undefined; disk files are kept."
      : `Is the deletion intended? ${count === 1 ? "A disk image is" : `${count} disk images are`} deleted with it (onDelete: "delete").`,
  ];
}
