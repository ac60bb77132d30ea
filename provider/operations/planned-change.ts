import { isDeepStrictEqual } from "node:util";
import { withConfigured } from "../args/configured-settings.ts";
import type { FieldName } from "../args/fields.ts";
import { domainUuid } from "../args/identity.ts";
import type { HotplugInput, Inputs } from "../args/inputs.ts";
import { type Defaults, hotplugSetting } from "../args/settings.ts";
import { knownHotplug, UNKNOWN } from "../args/unknown.ts";
import { changedFields, changedSettings } from "../plan/changed-fields.ts";
import { type DesiredMemory, desiredMemory, MEMORY_FIELDS } from "../plan/desired.ts";
import type { Observed } from "../plan/observed.ts";
import { planUpdate, type UpdatePlan } from "../plan/plan-update.ts";
import { NO_CHANGE, type PlannedOutcome, plannedOutcome } from "../plan/planned-outcome.ts";
import { formatChange } from "../plan/text.ts";
import { VCPU_FIELDS } from "../plan/vcpus/desired.ts";
import type { Session } from "../session.ts";
import { formatSize, readCanonicalSize } from "../units/size.ts";
import { lookWithImages } from "./look-with-images.ts";

/**
 * What a changed program does to its domain, as far as check knows: it gets the old inputs, but not the state. It looks at
 * the domain where the plan depends on it. diff, which has the state, plans by the same rules.
 */
export async function plannedChange(
  session: Session,
  olds: Partial<Inputs>,
  news: Inputs,
): Promise<PlannedOutcome> {
  const { defaults } = session;
  const [before, inputs] = [withConfigured(olds), withConfigured(news)];
  const desired = desiredMemory(inputs, defaults);
  const changed = changedFields(before, inputs);
  const kept = before.memoryPlan ?? describeDesired(desired);
  if (changed.length === 0 && before.__unsettled !== true) return { memoryPlan: kept, ...NO_CHANGE };
  const plan = (news: Inputs, observed: Observed, adopted: boolean): UpdatePlan =>
    planUpdate({ inputs: news, before, observed, recorded: undefined, defaults, adopted });

  const concernsMemory = mayChangeMemory(changed, before, inputs, defaults);
  const isLooked = desired !== undefined && (concernsMemory || dependsOnDomain(changed, before, inputs));
  const look = isLooked && inputs.uri !== UNKNOWN && (await lookAt(session, before, inputs));
  if (look && look.kind === "found") {
    const { observed, definition } = look.observation;
    const adopted = isAdopted(inputs, definition.ownership?.urn);
    const announced = plan(inputs, observed, adopted);
    session.run.of(inputs.__urn).planned = { plan: announced, seen: look.observation };
    // A change of the stack's configuration leaves the plans of the domains that need none.
    const isOfProgram = changedFields(olds, news).length > 0 || before.__unsettled === true;
    return plannedOutcome(announced, concernsMemory && isOfProgram ? describeDesired(desired) : kept);
  }
  // The inputs say whether the domain runs, but nothing certain about its memory.
  const concernsVcpus = VCPU_FIELDS.some((name) => changed.includes(name));
  const assumed: Observed = { power: before.running === false ? "off" : "running", persistent: true };
  const adopted = isAdopted(inputs);
  // Nor about its vCPUs.
  const known = concernsVcpus ? { ...inputs, vcpus: UNKNOWN as never } : inputs;
  if (desired === undefined || !concernsMemory) return plannedOutcome(plan(known, assumed, adopted), kept);
  const { outcome } = plan({ ...inputs, memory: UNKNOWN }, assumed, adopted);
  return { memoryPlan: describeSizes(before, desired) ?? kept, change: outcome, memoryChange: "unknown" };
}

function lookAt(session: Session, before: Partial<Inputs>, news: Inputs) {
  return lookWithImages(session, { uri: session.uriFor(news), uuid: news.uuid, before, news });
}

/**
 * For inputs of earlier versions: an adopted domain keeps its UUID, which isn't the one of its owner's URN.
 *
 * @param owner the URN in the domain's metadata. A resource that was renamed by an alias has another one.
 */
export function isAdopted({ uuid, adopt, __adopted, __urn = "" }: Partial<Inputs>, owner?: string): boolean {
  return (
    __adopted === true || (domainUuid(owner ?? __urn) !== uuid && (owner !== undefined || adopt === true))
  );
}

/** Fields of `hotplug` whose change may need an update of a domain that has the desired memory. */
const APPLIED_AT_ONCE = ["enabled", "device", "targetNode", "emptyNode", "heal"] as const;

/** Fields whose change matters only while a size is pending for the next boot, which may then work live. */
const APPLIED_TO_PENDING = [
  "alignment",
  "maxDimmSize",
  "source",
  "allowUnplug",
  "whenNotPossible",
  "applyOn",
] as const;

/** Whether the plan of the memory may differ from the last one. */
function mayChangeMemory(
  changed: FieldName[],
  before: Partial<Inputs>,
  inputs: Inputs,
  defaults: Defaults,
): boolean {
  const [old, now] = [knownHotplug(before), knownHotplug(inputs)];
  const differs = (key: keyof HotplugInput) => !isDeepStrictEqual(old[key], now[key]);
  const mayBePending =
    hotplugSetting("whenNotPossible", before, defaults) === "nextBoot" ||
    hotplugSetting("applyOn", before, defaults) === "nextBoot";
  return (
    before.__unsettled === true ||
    MEMORY_FIELDS.some((name) => changed.includes(name)) ||
    (changed.includes("balloon") && inputs.currentMemory !== undefined) ||
    APPLIED_AT_ONCE.some(differs) ||
    (mayBePending && APPLIED_TO_PENDING.some(differs))
  );
}

/** Whether another part of the plan depends on what the domain is like: all but a setting does, as in diff. */
function dependsOnDomain(changed: FieldName[], before: Partial<Inputs>, inputs: Inputs): boolean {
  const settings = changedSettings(before, inputs, changed);
  return changed.includes("discardSavedState") || changed.length > settings.length;
}

/** The memory of a domain that already has the desired size. */
function describeDesired(desired: DesiredMemory | undefined): string {
  return desired === undefined ? "not known yet" : `${formatSize(desired.memory)}: nothing to do`;
}

/** "1003 → 1259 MiB", without a look at the domain; undefined where the size stays. */
function describeSizes({ memory }: Partial<Inputs>, desired: DesiredMemory): string | undefined {
  const before = memory === undefined || memory === UNKNOWN ? undefined : readCanonicalSize(memory);
  return before === undefined || before === desired.memory ? undefined : formatChange(before, desired.memory);
}
