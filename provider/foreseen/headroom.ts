import { isDeepStrictEqual } from "node:util";
import type { Headroom, Inputs } from "../args/inputs.ts";
import { containsUnknown, UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { outputs } from "../outputs.ts";
import { slotsIn } from "../plan/dimms/slots.ts";
import type { Session } from "../session.ts";
import { previewedCreation } from "./creation.ts";
import type { Properties } from "./read-back.ts";
import { foreseenUpdate } from "./update.ts";

/**
 * Adds what the domain can still do live after this run's change. Policies judge a preview of the dynamic class by it, as Pulumi takes
 * the outputs of that preview from the inputs.
 *
 * @param before the inputs that the state has
 * @param inputs as check returns them without failures
 */
export async function withHeadroom(
  session: Session,
  before: Partial<Inputs>,
  inputs: Partial<Inputs>,
): Promise<Partial<Inputs>> {
  // Without failures the inputs are complete.
  const news = inputs as Inputs;
  // Each figure follows from the sizes.
  if (news.__secret === true) return inputs;
  const outs = (await foreseenOutputs(session, news)) ?? (await presentOutputs(session, before, news));
  const headroom = shownHeadroom(outs === undefined ? keptHeadroom(before, news) : headroomIn(outs, news));
  return headroom === undefined ? inputs : { ...inputs, headroom };
}

async function foreseenOutputs(session: Session, news: Inputs): Promise<Properties | undefined> {
  if (news.uri === UNKNOWN) return undefined;
  const notes = session.run.of(news.__urn);
  const isAdoptionPlanned = news.__adopted === true && notes.planned !== undefined;
  if (notes.successor !== undefined && !isAdoptionPlanned) return previewedCreation(session, news);
  if (notes.planned === undefined) return undefined;
  const { plan: announced, seen } = notes.planned;
  if (announced.outcome === "replace" || announced.outcome === "refuse") return undefined;
  // check doesn't get the state: it knows what the domain itself tells.
  const { observed, power } = seen;
  const state = { uri: session.uriFor(news), state: power, __observed: observed, __adopted: news.__adopted };
  return foreseenUpdate({ state: defined(state), news, announced, seen, defaults: session.defaults });
}

/** Where only settings change that decide which sizes and vCPUs are live, the domain is looked at for its headroom only. */
async function presentOutputs(
  session: Session,
  before: Partial<Inputs>,
  news: Inputs,
): Promise<Properties | undefined> {
  if (!hasOnlySettings(news) || hasSameSizes(before, news) || containsUnknown(news.hotplug)) return undefined;
  const uri = session.uriFor(news);
  const look = await session.look(uri, news.uuid);
  if (look.kind !== "found") return undefined;
  const { observation } = look;
  const adopted = news.__adopted === true;
  return { ...outputs(news, { uri, observation, defaults: session.defaults, adopted }) };
}

/** check doesn't look at a domain of which at most a setting changes: it has what the last run left, as the state has it. */
function keptHeadroom(before: Partial<Inputs>, news: Inputs): Headroom {
  if (!hasOnlySettings(news)) return {};
  const { headroom = {} } = before;
  const { memory: _, vcpus: __, ...ofSlots } = headroom;
  return hasSameSizes(before, news) ? headroom : ofSlots;
}

/** At most settings of the domain change. */
function hasOnlySettings({ change, memoryChange }: Inputs): boolean {
  return change === "none" && memoryChange === "none";
}

/** The fields of `hotplug` that don't decide which sizes and vCPUs are live. */
const WITHOUT_SIZES = { awaitGuest: undefined, online: undefined, before: undefined, after: undefined };

function hasSameSizes(before: Partial<Inputs>, news: Inputs): boolean {
  const [old, now] = [before, news].map(({ hotplug }) => defined({ ...hotplug, ...WITHOUT_SIZES }));
  return isDeepStrictEqual(old, now);
}

function shownHeadroom(headroom: Headroom): Headroom | undefined {
  return Object.keys(headroom).length === 0 ? undefined : headroom;
}

function headroomIn(outs: Properties, { memorySlots }: Inputs): Headroom {
  const known = <T>(value: unknown): T | undefined => (containsUnknown(value) ? undefined : (value as T));
  const { memoryDevices, liveMemorySlots } = outs;
  return defined({
    running: outs.state === "shutoff" ? (false as const) : undefined,
    slots: slotsIn({ memoryDevices, memorySlots, liveMemorySlots })?.free,
    liveMemorySlots: known<number>(liveMemorySlots),
    memory: known<Headroom["memory"]>(outs.reachable),
    vcpus: known<Headroom["vcpus"]>(outs.reachableVcpus ?? []),
  });
}
