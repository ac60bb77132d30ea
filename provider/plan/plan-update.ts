import { isDeepStrictEqual } from "node:util";
import type { FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { hugePagesOf } from "../args/memory-backing-rules.ts";
import type { Defaults } from "../args/settings.ts";
import { containsUnknown, knownHotplug, UNKNOWN } from "../args/unknown.ts";
import { withWritten } from "../args/written-arguments.ts";
import { defined } from "../defined.ts";
import type { Kib } from "../units/kib.ts";
import { autostartPlans, changesAtBoot, fieldPlans, replacePlans } from "./argument-plans.ts";
import { changedFields, changesThatNeed, keptIfUnnamed, unionOf } from "./changed-fields.ts";
import { withOneDefinition } from "./definition/steps.ts";
import { type DesiredMemory, desiredMemory } from "./desired.ts";
import { planDeviceLists } from "./device-list/device-lists.ts";
import { withDeletions, withLeftImages } from "./disks/left-images.ts";
import { planDiskSizes, planImages } from "./disks/plan-disks.ts";
import { livePassword, planPassword } from "./graphics.ts";
import type { Observed } from "./observed.ts";
import { combine, isDeviceStep, isMoreDisruptive, type Outcome, type Plan, type Step } from "./plan.ts";
import { planMemory } from "./plan-memory.ts";
import { planPower, startingWith, unlessBusy, withPower, withReplacePower } from "./power.ts";
import { headline, settingOnly } from "./text.ts";
import {
  memoryChange,
  type SizePart,
  vcpuChange,
  withDevices,
  withOthers,
  withSizes,
} from "./update-headline.ts";
import { desiredVcpus } from "./vcpus/desired.ts";
import { planVcpus } from "./vcpus/plan-vcpus.ts";

/** The plan of an update: of the memory, and of the other arguments that changed. */
export interface UpdatePlan extends Plan {
  /** The plan of the memory; undefined while a size isn't known. */
  memory?: Plan;
  /** The plan of the vCPUs; undefined while a number isn't known. */
  vcpus?: Plan;
  /** The arguments that changed without a change of the domain. */
  settings: FieldName[];
  /** Of an unknown plan: the parts that are known. */
  known?: Plan;
  /** What the domain needs as well, but isn't done, since the preview didn't announce it. */
  withheld?: string;
  /** The images that aren't deleted for the same reason. */
  keptImages?: string;
}

/** What an update is planned from. */
export interface UpdatePlanInput {
  /** The program's arguments, as check returned them. */
  inputs: Inputs;
  /** The arguments that the state echoes, for those that can't be read off the domain. */
  before: Partial<Inputs>;
  /** The domain, as observed now or as recorded in the state. */
  observed: Observed;
  /** The memory of the inactive definition as the state recorded it; undefined when it recorded none. */
  recorded: Kib | undefined;
  /** The disk images that this provider made, by their keys. Default: none are known. */
  made?: readonly string[];
  defaults: Defaults;
  /** The domain was not created by this provider. */
  adopted: boolean;
}

/** What the state of a resource has of its domain. */
interface RecordedDomain {
  __observed: Observed;
  __made?: string[];
  __adopted?: boolean;
}

/** What the update of a resource with this state is planned from, for its domain as observed. */
export function planInput(
  { __observed: { nextBoot }, __made: made = [], __adopted }: RecordedDomain,
  change: Pick<UpdatePlanInput, "inputs" | "before" | "observed" | "defaults">,
): UpdatePlanInput {
  return { ...change, recorded: nextBoot?.memory, made, adopted: __adopted === true };
}

/** Plans an update. Pure, and shared by preview and update. */
export function planUpdate({
  inputs,
  before,
  observed,
  recorded,
  made = [],
  defaults,
  adopted,
}: UpdatePlanInput): UpdatePlan {
  const { nextBoot } = observed;
  const written = withWritten(before, inputs, nextBoot?.writtenArguments);
  const left = changedFields(written, inputs).filter(
    (name) => !isDeepStrictEqual(written[name], before[name]),
  );
  const changed = unionOf(changedFields(before, inputs), left).filter(
    (name) => !(adopted && keptIfUnnamed(name, inputs)),
  );
  const power = planPower(observed, inputs);
  const desired = desiredMemory(inputs, defaults, adopted);
  const numaChanged = changed.includes("numa") && inputs.numa !== undefined;
  const redefined = asRedefined(power.observed, changed, inputs);
  const memoryWhile = (stopping: boolean) =>
    desired &&
    planMemory(
      desired,
      redefined,
      defined({
        stopping,
        numaChanged,
        balloonReleased:
          (written.currentMemory ?? before.currentMemory) !== undefined && inputs.currentMemory === undefined,
        recorded,
      }),
    );
  const listsWhile = (isStopping: boolean) =>
    planDeviceLists(
      changed,
      { before: written, inputs },
      { observed: power.observed, isStopping },
      defaults,
      adopted,
    );
  const runningLists = listsWhile(power.isStopping);
  // A restart for one part brings the others.
  const isListRestart = runningLists.parts.some(({ outcome }) => outcome === "restart");
  const isStopping = power.isStopping || isListRestart;
  const running = memoryWhile(isStopping);
  const numbers = desiredVcpus(inputs, defaults, adopted);
  const vcpus =
    numbers && planVcpus(numbers, redefined, { stopping: isStopping || running?.outcome === "restart" });
  const memory = vcpus?.outcome === "restart" ? memoryWhile(true) : running;
  const sizes: SizePart[] = [
    { name: "memory", plan: memory, change: desired && memoryChange(desired, redefined) },
    { name: "vCPUs", plan: vcpus, change: numbers && vcpuChange(numbers, redefined) },
  ];
  const isSizeRestart = sizes.some(({ plan }) => plan?.outcome === "restart");
  const lists = isSizeRestart ? listsWhile(true) : runningLists;
  const restarts = isSizeRestart || isListRestart;
  const graphics =
    changed.includes("graphics") && !power.isStopping && !restarts
      ? livePassword(written, inputs, power.observed)
      : undefined;
  const others = changed.filter((name) => graphics === undefined || name !== "graphics");
  const settings = unionOf(changesThatNeed("setting", changed, inputs), lists.settings);
  const [images, diskSizes] = [planImages(before, inputs), planDiskSizes(before, inputs, power)];
  const parts = [
    ...sizes.flatMap(({ plan }) => plan ?? []),
    diskSizes,
    ...lists.parts,
    images,
    ...replacePlans(changed, inputs, observed, adopted),
    ...(graphics === undefined ? [] : [planPassword(graphics, power.observed)]),
    ...fieldPlans(others, inputs, power.observed, { restarts, left, adopted, devices: lists.definition }),
    ...autostartPlans(changed, inputs),
    ...power.last,
    ...power.first,
  ];
  const ordered = inOrder(startingWith(power.first, startingWith([images, diskSizes], combined(parts))));
  const all = withLeftImages(ordered, { before, inputs, made }, power);
  const whole = unlessBusy(withReplacePower(all, observed, inputs), observed);
  const known = { ...defined({ memory, vcpus }), settings };
  if (memory === undefined || vcpus === undefined)
    return { ...unknownPlan(inputs, whole, defaults), ...known, known: whole };
  if (whole.outcome === "none" && settings.length > 0)
    return { ...whole, headline: settingOnly(settings), ...known };
  // A next boot of the vCPUs brings the other arguments as a restart does; memoryPlan is the memory's own headline.
  const bringsOthers =
    restarts || (whole.outcome === "nextBoot" && vcpus.headline === whole.headline && !power.isStopping);
  const later = unionOf(changesAtBoot(others, inputs), lists.definition);
  const sized = withDevices(withSizes(whole, sizes), whole, [diskSizes, ...lists.parts]);
  const line = bringsOthers ? withOthers(sized, later) : sized;
  const full = ordered.outcome === "none" ? line : withDeletions(line, whole.steps);
  return { ...whole, headline: withPower(full, whole), ...known };
}

/**
 * The definition as this update changes it: its machine type decides whether memory can be plugged, and it may get a
 * balloon.
 */
function asRedefined(observed: Observed, changed: FieldName[], inputs: Inputs): Observed {
  const { machine, balloon } = inputs;
  if (observed.nextBoot === undefined) return observed;
  const { machine: _, ...unnamed } = observed.nextBoot;
  const isMachine = changed.includes("machine") && !containsUnknown(machine);
  const named = isMachine ? { ...unnamed, ...defined({ machine }) } : observed.nextBoot;
  const { withoutBalloon: __, ...withBalloon } = named;
  const isBalloon = changed.includes("balloon") && balloon !== false;
  const { pageSize: present, ...rest } = isBalloon ? withBalloon : named;
  const isBacking = changed.includes("memoryBacking");
  const pageSize = isBacking ? hugePagesOf(inputs) : present;
  return { ...observed, nextBoot: { ...rest, ...defined({ pageSize }) } };
}

/** The parts of one update as one plan: a replace or a refusal drops the other parts. */
function combined(parts: Plan[]): Plan {
  const outcome = parts.reduce<Outcome>(
    (worst, part) => (isMoreDisruptive(part.outcome, worst) ? part.outcome : worst),
    "none",
  );
  const isDecisive = outcome === "replace" || outcome === "refuse";
  return combine(isDecisive ? parts.filter((part) => part.outcome === outcome) : parts);
}

/**
 * One definition; devices are detached before others are attached, which may need their ports; and the balloon of the running domain
 * last: it can only take memory that the guest has.
 */
function inOrder(plan: Plan): Plan {
  const steps = detachedFirst(withOneDefinition(plan.steps));
  const isLast = (step: Step, index: number) =>
    step.kind === "balloon" &&
    step.where === "live" &&
    !steps.slice(index).some(({ kind }) => kind === "detach");
  return {
    ...plan,
    steps: [
      ...steps.filter((step, index) => !isLast(step, index)),
      ...steps.filter((step, index) => isLast(step, index)),
    ],
  };
}

function detachedFirst(steps: Step[]): Step[] {
  const first = steps.findIndex(isDeviceStep);
  if (first === -1) return steps;
  const [before, after] = [steps.slice(0, first), steps.slice(first)];
  const isDetach = ({ kind }: Step) => kind === "detachDevice";
  return [...before, ...after.filter(isDetach), ...after.filter((step) => !isDetach(step))];
}

/** A size isn't known in this preview, so no replace is planned on a guess. */
function unknownPlan(inputs: Inputs, known: Plan, defaults: Defaults): Plan {
  if (known.outcome === "replace") return known;
  const chosen = knownHotplug(inputs).whenNotPossible;
  const hotplug: unknown = inputs.hotplug;
  const isChosen = hotplug !== UNKNOWN && !containsUnknown(chosen);
  const otherwise = isChosen ? FALLBACK_WORDS[chosen ?? defaults.whenNotPossible] : "hotplug.whenNotPossible";
  return {
    outcome: "unknown",
    headline: headline(
      "unknown",
      `live if possible, otherwise ${otherwise} (depends on a value not known yet)`,
    ),
    details: known.outcome === "none" ? [] : [known.headline, ...known.details],
    steps: [],
    reasons: [],
  };
}

const FALLBACK_WORDS: Readonly<Record<DesiredMemory["whenNotPossible"], string>> = {
  replace: "replace",
  restart: "restart",
  nextBoot: "at the next boot",
  error: "an error",
};
