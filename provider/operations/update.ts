import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { UserError } from "../errors.ts";
import { withGuest } from "../observe/guest.ts";
import { observe } from "../observe/observe.ts";
import { echoedInputs, type Outputs } from "../outputs.ts";
import { type Observed, withRecorded, withRecordedTaken } from "../plan/observed.ts";
import { planMessage } from "../plan/plan.ts";
import { planUpdate } from "../plan/plan-update.ts";
import { permittedPlan } from "../plan/preview-contract.ts";
import type { Session } from "../session.ts";
import { runUpdate } from "../update/run-update.ts";
import { setOwner } from "./set-owner.ts";

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
      planUpdate({
        inputs: news,
        before,
        observed,
        recorded: state.__observed.nextBoot?.memory,
        defaults: session.defaults,
        adopted,
      });
    const seen = await observe(hypervisor, domain);
    const unheard = withRecordedTaken(seen.observed, state.__observed);
    let observation = { ...seen, observed: unheard };
    let planned = plan(unheard);
    // A guest isn't asked about what leaves its memory alone.
    if (planned.memory !== undefined && planned.memory.outcome !== "none") {
      const heard = await withGuest(hypervisor, domain, seen, session.clock);
      observation = { ...heard, observed: withRecorded(heard.observed, state.__observed) };
      planned = plan(observation.observed);
    }
    const change = permittedPlan(session.announced.get(id), planned);
    if (change.outcome === "refuse") {
      const why = redact(planMessage(change), before, news);
      throw new UserError(`Unable to update domain ${state.name}: ${why}`);
    }
    // Left by a create whose very last call got no answer.
    const { ownership } = observation.definition;
    if (ownership?.creating && ownership.urn === news.__urn)
      await setOwner(hypervisor, domain, ownership.urn);
    const outs = await runUpdate({
      ...{ session, hypervisor, domain, uri, before, news, observation, plan: change, adopted, state },
    });
    return { outs };
  });
}
