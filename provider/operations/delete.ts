import { dropKept } from "../acceptance/kept-definition.ts";
import { sweepProbes } from "../acceptance/probe-define.ts";
import { readMade } from "../args/disk-images.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { Outputs } from "../outputs.ts";
import type { Reason } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { deleteImages } from "./delete-images.ts";
import { notOwned, ownerOf } from "./ownership.ts";
import { retire } from "./retire.ts";
import { setOwner } from "./set-owner.ts";
import { turnOff } from "./turn-off.ts";

/**
 * Shuts the domain down, forces it off after `shutdownTimeout` (0: at once), and undefines it with everything that libvirt
 * stores for it. Images of disks stay, except for those that this provider made and the program doesn't keep. A domain that
 * doesn't exist is already deleted. A domain that is to be kept (`onDelete`; the default for adopted ones) only loses its owner.
 * In a replace the domain is only stopped: create removes it once the new one runs. A domain of that UUID that isn't the resource's is left unchanged, with a warning: the resource has no domain then, so
 * its deletion succeeds. So is a domain that create returned in this run, or that a resource of the program has.
 */
export async function deleteDomain(session: Session, id: string, state: Outputs): Promise<void> {
  session.run.of(session.run.domain(id).resource ?? state.__urn).uri = state.uri;
  const hypervisor = await session.hypervisor(state.uri);
  await session.locked(id, async () => {
    session.signal.throwIfAborted();
    const domain = await hypervisor.findByUuid(id);
    const successor = successorOf(session, id, state);
    const kept = successor === undefined ? keptBecause(session, id) : undefined;
    if (kept !== undefined) return warnKept(session, state, kept);
    if (domain === undefined) {
      if (successor !== undefined) return;
      await dropKept(hypervisor, id);
      // A delete that was killed had undefined it.
      return deleteImages(session, hypervisor, state, state.__made ?? []);
    }
    const owned = await ownerOf(hypervisor, domain);
    const reason = notOwned(owned, state);
    if (successor !== undefined) {
      const { replacing } = owned;
      return retire(session, hypervisor, domain, { state, successor, notOwned: reason, replacing });
    }
    if (reason !== undefined) return warnNotOwned(session, state, reason);
    // What an interrupted replace or restart left.
    await dropKept(hypervisor, id);
    await sweepProbes(hypervisor);
    const keeps = (state.onDelete ?? (state.__adopted === true ? "keep" : "delete")) === "keep";
    if (keeps) return unlessGone(() => setOwner(hypervisor, domain, undefined));
    const shutdown = { urn: state.__urn, seconds: state.shutdownTimeout, next: "delete" } as const;
    // A transient domain disappears when it is off.
    await unlessGone(async () => {
      const wasOff = await turnOff(session, hypervisor, domain, shutdown);
      // A domain that runs has no saved state: its start restored and removed that.
      if (wasOff && (await hypervisor.hasManagedSave(domain)))
        await session.log.message(
          state.__urn,
          "warning",
          "the domain's saved state (virsh managedsave) is deleted with it",
        );
      await hypervisor.undefine(domain);
    });
    await deleteImages(session, hypervisor, state, readMade(owned.written?.made));
  });
}

/** What a create that follows in this run makes in place of the domain: then the delete is part of a replace. */
function successorOf({ run }: Session, id: string, { __urn: urn }: Outputs): Inputs | undefined {
  const { resource = urn } = run.domain(id);
  return run.of(resource).successor;
}

/** Why a domain stays although a resource that had it is deleted: one that the program has needs it. */
function keptBecause({ run }: Session, id: string): string | undefined {
  const { resource, isCreated } = run.domain(id);
  if (isCreated === true)
    return "the new resource was created before the old one was deleted, and both have the same domain";
  return resource === undefined
    ? undefined
    : `this deletion is left over from an earlier replace, and ${resource} has the domain now`;
}

function warnKept(session: Session, state: Outputs, why: string): Promise<void> {
  const text = `domain ${state.name} (${state.uuid}) isn't deleted: ${why}`;
  return session.log.message(state.__urn, "warning", redact(text, state));
}

function warnNotOwned(session: Session, state: Outputs, { text }: Reason): Promise<void> {
  const outcome = "the domain is left unchanged, only the resource is removed from the state";
  return session.log.message(state.__urn, "warning", redact(`${text}; ${outcome}`, state));
}

async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!hasCode(error, ErrorCode.NO_DOMAIN)) throw error;
  }
}
