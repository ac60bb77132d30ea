import type { Headroom, Inputs } from "../args/inputs.ts";
import { containsUnknown, UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { freeSlots } from "../plan/dimms/slots.ts";
import type { Session } from "../session.ts";
import { previewedCreation } from "./creation.ts";
import type { Properties } from "./read-back.ts";
import { foreseenUpdate } from "./update.ts";

/**
 * Adds what the domain can still do live after this run's change. Policies judge a preview of the dynamic class by it, as Pulumi takes
 * the outputs of that preview from the inputs. An unchanged domain has its outputs, and gets none.
 *
 * @param inputs as check returns them without failures
 */
export async function withHeadroom(session: Session, inputs: Partial<Inputs>): Promise<Partial<Inputs>> {
  // Without failures the inputs are complete.
  const news = inputs as Inputs;
  const outs = await foreseenOutputs(session, news);
  const headroom = outs && headroomIn(outs, news);
  return headroom === undefined ? inputs : { ...inputs, headroom };
}

async function foreseenOutputs(session: Session, news: Inputs): Promise<Properties | undefined> {
  if (news.uri === UNKNOWN) return undefined;
  const notes = session.run.of(news.__urn);
  if (notes.successor !== undefined) return previewedCreation(session, news);
  if (notes.planned === undefined) return undefined;
  const { plan: announced, seen } = notes.planned;
  if (announced.outcome === "replace" || announced.outcome === "refuse") return undefined;
  // check doesn't get the state: it knows what the domain itself tells.
  const { observed, power } = seen;
  const state = { uri: session.uriFor(news), state: power, __observed: observed, __adopted: news.__adopted };
  return foreseenUpdate({ state: defined(state), news, announced, seen, defaults: session.defaults });
}

function headroomIn(outs: Properties, { memorySlots, __secret }: Inputs): Headroom | undefined {
  // Each figure follows from the sizes.
  if (__secret === true) return undefined;
  const known = <T>(value: unknown): T | undefined => (containsUnknown(value) ? undefined : (value as T));
  const devices = known<{ model: string; slot?: number }[]>(placesOf(outs.memoryDevices));
  const slots = known<number>(memorySlots);
  const headroom: Headroom = defined({
    slots:
      devices === undefined || slots === undefined
        ? undefined
        : freeSlots({ devices, maxMemory: { slots } }).length,
    memory: known<Headroom["memory"]>(outs.reachable),
    vcpus: known<Headroom["vcpus"]>(outs.reachableVcpus ?? []),
  });
  return Object.keys(headroom).length === 0 ? undefined : headroom;
}

/** Where QEMU puts a device in the guest, and what the guest makes of it, doesn't matter here. */
function placesOf(devices: unknown): unknown {
  if (!Array.isArray(devices)) return devices;
  return devices.map(({ model, slot }: Properties) => defined({ model, slot }));
}
