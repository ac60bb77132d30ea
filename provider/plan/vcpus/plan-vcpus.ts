import { vcpusOf } from "../../domain/state.ts";
import { deferredForever, definedAfterwards, definedForNextBoot, definedWhileOff } from "../defined-plan.ts";
import { planFallback } from "../fallback.ts";
import type { MemoryView, Observed } from "../observed.ts";
import { type DefineStep, noChange, type Plan, type Step, type VcpuDefinition } from "../plan.ts";
import { formatNumbers, formatTopology, formatVcpus, headline, noteIf, transientNotes } from "../text.ts";
import { vcpuDefinitionRefusal, vcpuDefinitionSteps, wantedVcpus } from "./definition.ts";
import type { DesiredVcpus } from "./desired.ts";
import { liveVcpuNumbers } from "./live-numbers.ts";
import { reasonsAgainstPlug, reasonsAgainstUnplug, removableVcpus } from "./rules.ts";

/** Plans a change of the vCPUs from the observed domain. */
export function planVcpus(
  desired: DesiredVcpus,
  observed: Observed,
  { stopping = false }: { stopping?: boolean } = {},
): Plan {
  const { live, nextBoot } = observed;
  const steps = vcpuDefinitionSteps(desired, observed);
  const refused = steps.length === 0 ? undefined : vcpuDefinitionRefusal(desired, observed);
  if (refused !== undefined) return refused;
  if (live === undefined || stopping) {
    if (nextBoot === undefined || steps.length === 0) return noChange();
    return definedWhileOff(describeDefinition(steps, nextBoot), observed, steps);
  }
  return planRunning(desired, observed, live, steps);
}

function planRunning(
  desired: DesiredVcpus,
  observed: Observed,
  live: MemoryView,
  definition: DefineStep[],
): Plan {
  const { nextBoot } = observed;
  const present = vcpusOf(live);
  const wanted = desired.vcpus ?? present;
  if (wanted === present) return planDefinition(desired, nextBoot, definition);
  const subject = `vCPUs ${present} → ${wanted}`;
  if (desired.applyOn === "nextBoot") {
    if (nextBoot === undefined) return deferredForever();
    return definition.length === 0 ? noChange() : definedForNextBoot(subject, definition);
  }
  const obstacles =
    wanted > present
      ? reasonsAgainstPlug(desired, observed, live, wanted)
      : reasonsAgainstUnplug(desired, observed, live, wanted);
  if (obstacles.length > 0) {
    // A domain of an earlier version was started without room, which isn't worth a replace.
    const isRoomless = desired.maximum === undefined && wanted > live.vcpus;
    const settings = isRoomless && nextBoot ? { ...desired, whenNotPossible: "nextBoot" as const } : desired;
    return planFallback(settings, observed, {
      field: "vcpus",
      subject,
      obstacles,
      hint: "",
      options: describeNumbers(desired, observed),
      size: formatVcpus(wanted),
      definition,
      notes: roomNotes(desired, live, nextBoot),
    });
  }
  return wanted > present
    ? planPlug(wanted, { present, observed, live, definition })
    : planUnplug(wanted, { present, observed, live, definition });
}

interface Change {
  present: number;
  observed: Observed;
  live: MemoryView;
  definition: DefineStep[];
}

function planPlug(wanted: number, { present, observed, live, definition }: Change): Plan {
  const added = wanted - present;
  const sentence = `add ${formatVcpus(added)} to the running domain (${wanted} of at most ${live.vcpus})`;
  const step: Step = { kind: "plugVcpus", from: present, to: wanted, sentence };
  return {
    outcome: "live",
    headline: headline("live", `vCPUs ${present} → ${wanted} (of at most ${live.vcpus})`),
    details: [
      `maximum without a restart: ${formatVcpus(live.vcpus)}`,
      ...maximumNotes(live, definition),
      ...transientNotes(observed),
    ],
    steps: [step, ...definition],
    reasons: [],
  };
}

function planUnplug(wanted: number, { present, observed, live, definition }: Change): Plan {
  const gone = removableVcpus(live).slice(wanted - present);
  const which = `${gone.length === 1 ? "vCPU" : "vCPUs"} ${formatNumbers(gone)}`;
  const sentence = `remove ${which} from the running domain (${wanted} are left)`;
  const step: Step = { kind: "unplugVcpus", from: present, to: wanted, sentence };
  return {
    outcome: "live",
    headline: headline(
      "live",
      `vCPUs ${present} → ${wanted} (removes ${which})`,
      `vCPUs ${present} → ${wanted}`,
    ),
    details: [
      "the guest must release them; if it doesn't answer in time, its vCPUs can't change until it is shut down and started",
      ...maximumNotes(live, definition),
      ...transientNotes(observed),
    ],
    steps: [step, ...definition],
    reasons: [],
  };
}

/** The running domain has its vCPUs, and its definition may differ. */
function planDefinition(desired: DesiredVcpus, before: MemoryView | undefined, steps: DefineStep[]): Plan {
  if (before === undefined || steps.length === 0) return noChange();
  const what = describeDefinition(steps, before);
  const isNumber = vcpusOf(before) !== wantedVcpus(desired, before).current;
  return isNumber
    ? definedAfterwards(what, steps, { applyOn: desired.applyOn, notes: [] })
    : definedForNextBoot(what, steps);
}

/** What changes in the definition: the number, else the maximum, else the topology. */
function describeDefinition(steps: DefineStep[], before: MemoryView): string {
  const vcpus = steps[0]?.vcpus;
  if (vcpus === undefined) return "";
  const { current, maximum, topology }: VcpuDefinition = vcpus;
  const present = vcpusOf(before);
  if (current !== present) return `vCPUs ${present} → ${current}`;
  if (maximum !== before.vcpus) return `maxVcpus ${before.vcpus} → ${maximum}`;
  return topology === undefined ? "the vCPUs" : `cpuTopology ${formatTopology(topology)}`;
}

function maximumNotes(live: MemoryView, [step]: DefineStep[]): string[] {
  const maximum = step?.vcpus?.maximum;
  return noteIf(
    maximum !== undefined && maximum !== live.vcpus,
    `the maximum of ${formatVcpus(maximum ?? 0)} takes effect at the next boot`,
  );
}

/** What a restart or a replace brings to a domain that couldn't grow so far. */
function roomNotes(desired: DesiredVcpus, live: MemoryView, nextBoot: MemoryView | undefined): string[] {
  if (nextBoot === undefined) return [];
  const { maximum, current } = wantedVcpus(desired, nextBoot);
  return noteIf(
    maximum > Math.max(current, live.vcpus),
    `after that the domain has room for ${maximum} vCPUs, so later increases can be live`,
  );
}

function describeNumbers(desired: DesiredVcpus, observed: Observed): string[] {
  const { live } = observed;
  const numbers = liveVcpuNumbers(desired, observed).map(({ from, to, step }) =>
    from === to ? `${from}` : `${from} to ${to}${step === 1 ? "" : ` in steps of ${step}`}`,
  );
  if (live === undefined) return [];
  return numbers.length === 0 ? [] : [`numbers of vCPUs that work without a restart: ${numbers.join(", ")}`];
}
