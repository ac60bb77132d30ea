import { isDeepStrictEqual } from "node:util";
import { withConfigured } from "../args/configured-settings.ts";
import type { Headroom, Inputs } from "../args/inputs.ts";
import { hasFormerSize } from "../args/secrets.ts";
import { containsUnknown, UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { freeSlots } from "../plan/dimms/slots.ts";
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
  if (news.__secret === true || hasFormerSize(news)) return inputs;
  const outs = await foreseenOutputs(session, news);
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

/** check doesn't look at a domain of which at most a setting changes: it has what the last run left, as the state has it. */
function keptHeadroom(before: Partial<Inputs>, news: Inputs): Headroom {
  const { headroom = {} } = before;
  if (news.change !== "none" || news.memoryChange !== "none") return {};
  // Which sizes and vCPUs are live depends on these settings.
  const isSame = isDeepStrictEqual(withConfigured(before).hotplug, withConfigured(news).hotplug);
  return isSame ? headroom : defined({ slots: headroom.slots });
}

function shownHeadroom(headroom: Headroom): Headroom | undefined {
  return Object.keys(headroom).length === 0 ? undefined : headroom;
}

function headroomIn(outs: Properties, { memorySlots }: Inputs): Headroom {
  const known = <T>(value: unknown): T | undefined => (containsUnknown(value) ? undefined : (value as T));
  const devices = known<{ model: string; slot?: number }[]>(placesOf(outs.memoryDevices));
  const slots = known<number>(memorySlots);
  return defined({
    slots:
      devices === undefined || slots === undefined
        ? undefined
        : freeSlots({ devices, maxMemory: { slots } }).length,
    memory: known<Headroom["memory"]>(outs.reachable),
    vcpus: known<Headroom["vcpus"]>(outs.reachableVcpus ?? []),
  });
}

/** Where QEMU puts a device in the guest, and what the guest makes of it, doesn't matter here. */
function placesOf(devices: unknown): unknown {
  if (!Array.isArray(devices)) return devices;
  return devices.map(({ model, slot }: Properties) => defined({ model, slot }));
}
