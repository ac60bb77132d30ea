import { dropKept } from "../acceptance/kept-definition.ts";
import { resizedDisks } from "../args/disk-images.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { UserError } from "../errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { withGuest } from "../observe/guest.ts";
import { withImages } from "../observe/images.ts";
import { type Observation, observe } from "../observe/observe.ts";
import { echoedInputs, type Outputs } from "../outputs.ts";
import { withRecorded, withRecordedTaken } from "../plan/observed.ts";
import { planMessage } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import { permittedPlan } from "../plan/preview-contract.ts";
import type { Session } from "../session.ts";
import { stopLeftPoolOf } from "../storage/image.ts";
import { runUpdate } from "../update/run-update.ts";
import { withLeftOffline } from "./left-offline.ts";
import { isOwnerOutdated, NOT_OWNED_WAY_OUT, notOwned } from "./ownership.ts";
import { type Planner, plannerFor } from "./planner.ts";
import { setOwner } from "./set-owner.ts";
import { setReplacing } from "./set-replacing.ts";

/** Observes the domain, plans as the preview did, and carries that out unless it is more disruptive than what was previewed. */
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
    if (domain === undefined) {
      const gone = `Unable to update domain ${state.name}: ${id} no longer exists on ${uri}`;
      throw new UserError(gone, { code: "domain-gone" });
    }
    const before = echoedInputs(state);
    const seen = await observe(hypervisor, domain, { secure: true, running: domain.id !== -1 });
    const { ownership, replacing } = seen.definition;
    const reason = notOwned(seen.definition, { ...state, uri }, news.__urn);
    if (reason !== undefined) {
      const text = `Unable to update domain ${state.name}: ${reason.text}; ${NOT_OWNED_WAY_OUT}`;
      throw new UserError(redact(text, before, news), { code: reason.code });
    }
    const plan = plannerFor(session, state, { before, news });
    const found = await withImages(hypervisor, domain, seen, resizedDisks(before, news));
    const { observation, planned } = await planFor(session, hypervisor, domain, found, state, plan);
    session.signal.throwIfAborted();
    const permitted = permittedPlan(session.run.of(news.__urn).announced, planned);
    if (permitted.outcome === "refuse")
      throw new UserError(redact(planMessage(permitted), before, news), { code: permitted.reasons[0]?.code });
    // A create that was killed may have kept the definition that it replaced.
    if (ownership?.creating) await dropKept(hypervisor, id);
    if (isOwnerOutdated(ownership, state, news.__urn)) await setOwner(hypervisor, domain, news.__urn, seen);
    const adopted = state.__adopted === true;
    for (const text of [permitted.withheld, permitted.keptImages])
      if (text !== undefined) await session.log.message(news.__urn, "warning", redact(text, before, news));
    const outs = await runUpdate({
      ...{ session, hypervisor, domain, uri, before, news, observation, plan: permitted, adopted },
      state: withLeftOffline(state, news, session.defaults),
    });
    // A run that was killed after it had grown the image leaves no step that would stop the pool.
    const isOff = observation.observed.power === "off";
    for (const { source } of isOff ? resizedDisks(before, news) : [])
      await stopLeftPoolOf({ session, hypervisor }, source);
    // A replace that failed put the old domain back, or the program no longer asks for it.
    if (replacing !== undefined) await setReplacing(hypervisor, domain, undefined);
    return { outs };
  });
}

/** The plan for the domain as seen; the guest is asked too if its memory changes. */
async function planFor(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
  seen: Observation,
  state: Outputs,
  plan: Planner,
): Promise<{ observation: Observation; planned: UpdatePlan }> {
  const observed = withRecordedTaken(seen.observed, state.__observed);
  const planned = plan(observed);
  const isMemoryUnchanged = planned.memory === undefined || planned.memory.outcome === "none";
  // Only a change of its memory is worth asking the guest.
  if (isMemoryUnchanged) return { observation: { ...seen, observed }, planned };
  const asked = await withGuest(hypervisor, domain, seen, session.clock);
  const observation = { ...asked, observed: withRecorded(asked.observed, state.__observed) };
  return { observation, planned: plan(observation.observed) };
}
