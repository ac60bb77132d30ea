import { mark } from "../apply/mark.ts";
import type { Inputs } from "../args/inputs.ts";
import { sayable } from "../args/secrecy.ts";
import { withGuest } from "../observe/guest.ts";
import { observe } from "../observe/observe.ts";
import { echoedInputs, type Outputs } from "../outputs.ts";
import { permitted } from "../plan/agree.ts";
import { planChange } from "../plan/change.ts";
import { type Observed, withRecorded, withRecordedTaken } from "../plan/observed.ts";
import type { Session } from "../session.ts";
import { execute } from "./execute.ts";
import { UserError } from "./user-error.ts";

/** Looks, plans as the preview did, and carries the plan out; nothing graver than what was announced. */
export async function update(
  session: Session,
  id: string,
  state: Outputs,
  news: Inputs,
): Promise<{ outs: Outputs }> {
  const uri = news.uri ?? state.uri;
  const hypervisor = await session.hypervisor(uri);
  return session.locked(id, async () => {
    const domain = await hypervisor.findByUuid(id);
    if (domain === undefined)
      throw new UserError(`Unable to update domain ${state.name}: ${id} is not on ${uri} any more`);
    const before = echoedInputs(state);
    const adopted = state.__adopted === true;
    const plan = (observed: Observed) =>
      planChange({
        inputs: news,
        before,
        observed,
        recorded: state.__observed.nextBoot?.memory,
        defaults: session.defaults,
        adopted,
      });
    const seen = await observe(hypervisor, domain);
    const unheard = withRecordedTaken(seen.observed, state.__observed);
    let sighting = { ...seen, observed: unheard };
    let planned = plan(unheard);
    // A guest isn't asked about what leaves its memory alone.
    if (planned.memory !== undefined && planned.memory.outcome !== "none") {
      const heard = await withGuest(hypervisor, domain, seen);
      sighting = { ...heard, observed: withRecorded(heard.observed, state.__observed) };
      planned = plan(sighting.observed);
    }
    const change = permitted(session.announced.get(id), planned);
    if (change.outcome === "refuse") {
      const why = sayable(change.summary, before, news);
      throw new UserError(`Unable to update domain ${state.name}: ${why}`);
    }
    // Left by a create whose very last call got no answer.
    const { ownership } = sighting.definition;
    if (ownership?.creating && ownership.urn === news.__urn) await mark(hypervisor, domain, ownership.urn);
    const guest = state.__guest;
    const liveBefore = state.__observed.live?.memory;
    const detaching = state.__detaching;
    const outs = await execute({
      ...{ session, hypervisor, domain, uri, before, news, sighting, change, adopted, guest, liveBefore },
      detaching,
    });
    return { outs };
  });
}
