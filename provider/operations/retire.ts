import { probeDefine } from "../acceptance/probe-define.ts";
import type { Inputs } from "../args/inputs.ts";
import { containsUnknown } from "../args/unknown.ts";
import type { Replacing } from "../domain/replacing.ts";
import { Cancelled } from "../errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import type { Outputs } from "../outputs.ts";
import type { Reason } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { replacementRefusals, replaceRefused } from "./replacement-refusal.ts";
import { setReplacing } from "./set-replacing.ts";
import { turnOff } from "./turn-off.ts";
import { newDefinition } from "./unfinished-create.ts";

/**
 * The delete of a replace: turns the old domain off and keeps its definition, marked as being replaced, so that create can go
 * back to it. Before that, everything is asked that the host can refuse of the new domain.
 *
 * @param successor what the program wants of the new domain
 * @param replacing the mark of an earlier attempt
 * @throws UserError where the host refuses it: the old domain is left unchanged
 */
export async function retire(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
  {
    state,
    successor,
    notOwned,
    replacing,
  }: { state: Outputs; successor: Inputs; notOwned: Reason | undefined; replacing: Replacing | undefined },
): Promise<void> {
  const reasons = notOwned === undefined ? [] : [notOwned];
  reasons.push(...(await replacementRefusals(session, state.uri, domain.uuid, state, successor)));
  const isKnown = !containsUnknown(successor);
  // A definition that is refused already needs no probe.
  if (reasons.length === 0 && isKnown)
    reasons.push(
      ...(await probeDefine(hypervisor, (await newDefinition(session, hypervisor, successor)).xml)),
    );
  const refused = replaceRefused(reasons, state, successor);
  if (refused !== undefined) throw refused;

  // A transient domain has no definition that stays when it is off.
  if (!(await hypervisor.isPersistent(domain)))
    await hypervisor.define(await hypervisor.xml(domain, { inactive: true, secure: true }));
  const was = (await isOff(hypervisor, domain)) ? (replacing?.was ?? "off") : "running";
  await setReplacing(hypervisor, domain, { urn: successor.__urn, was });
  try {
    const seconds = state.shutdownTimeout;
    await turnOff(session, hypervisor, domain, { urn: state.__urn, seconds, next: "start" });
    session.signal.throwIfAborted();
  } catch (error) {
    throw error instanceof Cancelled ? await undone(hypervisor, domain, was) : error;
  }
  session.run.domain(domain.uuid).replaced = state;
}

/** A cancelled replace leaves the old domain as it was: no create follows. */
async function undone(hypervisor: Hypervisor, domain: DomainRef, was: "running" | "off"): Promise<Cancelled> {
  const isStarted = was === "running" && (await isOff(hypervisor, domain));
  if (isStarted) await hypervisor.start(domain);
  await setReplacing(hypervisor, domain, undefined);
  const end = isStarted ? "was started again" : was === "running" ? "still runs" : "is off as before";
  return new Cancelled(
    `cancelled before domain ${domain.name} was replaced: it ${end}; the next update replaces it`,
  );
}
