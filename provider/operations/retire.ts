import { probeDefine } from "../acceptance/probe-define.ts";
import { diskImages } from "../args/disk-images.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { containsUnknown } from "../args/unknown.ts";
import type { Replacing } from "../domain/replacing.ts";
import { Cancelled } from "../errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { readPower } from "../observe/power.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import type { Outputs } from "../outputs.ts";
import type { Reason } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { imageReasons } from "../update/image-reasons.ts";
import { newDefinition } from "./new-domain.ts";
import { adoptedRefusals, replacementRefusals, replaceRefused, stopRefusals } from "./replacement-refusal.ts";
import { setReplacing } from "./set-replacing.ts";
import { turnOff } from "./turn-off.ts";

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
  const power = await readPower(hypervisor, domain);
  const reasons = [
    ...(notOwned === undefined ? [] : [notOwned]),
    ...adoptedRefusals(state),
    ...renamedRefusals(domain, state, successor),
    ...adoptingRefusals(state, successor),
    ...stopRefusals(power, successor),
  ];
  reasons.push(
    ...(await replacementRefusals(session, state.uri, domain.uuid, state, successor, {
      kind: "work",
      clock: session.clock,
    })),
  );
  const isKnown = !containsUnknown(successor);
  // A definition that is refused already needs no probe.
  if (reasons.length === 0 && isKnown)
    reasons.push(
      ...(await probeDefine(
        hypervisor,
        (
          await newDefinition(session, hypervisor, successor)
        ).xml,
        successor,
      )),
      ...(await imageReasons({ session, hypervisor }, diskImages(successor))).reasons,
    );
  const refused = replaceRefused(reasons, state, successor);
  if (refused !== undefined) throw refused;

  // A transient domain has no definition that stays when it is off.
  if (!(await hypervisor.isPersistent(domain)))
    await hypervisor.define(await hypervisor.xml(domain, { inactive: true, secure: true }));
  const was = power.isActive ? "running" : (replacing?.was ?? "off");
  await setReplacing(hypervisor, domain, { urn: successor.__urn, was });
  session.run.domain(domain.uuid).replaced = state;
  try {
    const seconds = state.shutdownTimeout;
    await turnOff(session, hypervisor, domain, { urn: state.__urn, seconds, next: "start" });
    session.signal.throwIfAborted();
  } catch (error) {
    if (error instanceof Cancelled) throw await undone(hypervisor, domain, was);
    // The guest may have been shut down. The state of a delete that fails stays as it was, so a later run would find nothing to
    // do; after one that succeeds, a create follows in any case: it shuts the domain down again, or puts it back.
    const text = `${messageOf(error)}; the create that follows continues the replace`;
    await session.log.message(state.__urn, "warning", redact(text, state, successor));
  }
}

/** Only a check with old inputs knows the UUID of a domain whose resource was renamed. */
function renamedRefusals({ uuid }: DomainRef, { name, __urn }: Outputs, successor: Inputs): Reason[] {
  if (successor.uuid === uuid) return [];
  const text = `domain ${name} has the UUID ${uuid}, which is made from the URN of its resource before that was renamed; a replace by --replace, --target-replace or pulumi state taint can't keep it for the new domain of ${__urn}; change an argument that needs a replacement instead, such as arch`;
  return [{ code: "renamed-domain", text }];
}

function adoptingRefusals(state: Outputs, successor: Inputs): Reason[] {
  if (state.__adopted === true || successor.__adopted !== true) return [];
  const text =
    "the program sets adopt: true, but the replace would delete the domain before it could be adopted; remove adopt from the program";
  return [{ code: "adopt-refused", text }];
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
