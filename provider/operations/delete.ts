import { DEFAULT_SHUTDOWN_TIMEOUT } from "../args/limits.ts";
import { redact } from "../args/redact.ts";
import { Deadline } from "../deadline.ts";
import { ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isPoweredOff } from "../observe/observe.ts";
import { waitUntilOff } from "../observe/wait-for-domain.ts";
import type { Outputs } from "../outputs.ts";
import type { Reason } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { notOwned, ownerOf } from "./ownership.ts";
import { setOwner } from "./set-owner.ts";

/**
 * Shuts the domain down, forces it off after `shutdownTimeout` (0: at once), and undefines it with everything that libvirt
 * stores for it. Disk files stay. A domain that doesn't exist is already deleted. A domain that is to be kept (`onDelete`; the
 * default for adopted ones) only loses its owner. A domain of that UUID that isn't the resource's is left unchanged, with a
 * warning: the resource has no domain then, so its deletion succeeds.
 */
export async function deleteDomain(session: Session, id: string, state: Outputs): Promise<void> {
  const hypervisor = await session.hypervisor(state.uri);
  await session.locked(id, async () => {
    const domain = await hypervisor.findByUuid(id);
    if (domain === undefined) return;
    const reason = notOwned(await ownerOf(hypervisor, domain), state);
    if (reason !== undefined) return warnNotOwned(session, state, reason);
    const keeps = (state.onDelete ?? (state.__adopted === true ? "keep" : "delete")) === "keep";
    if (keeps) return unlessGone(() => setOwner(hypervisor, domain, undefined));
    const seconds = state.shutdownTimeout ?? DEFAULT_SHUTDOWN_TIMEOUT;
    await unlessGone(() => turnOff(session, hypervisor, domain, state, seconds));
    // A transient domain disappears when it is off.
    if ((await hypervisor.findByUuid(id)) !== undefined) await unlessGone(() => hypervisor.undefine(domain));
  });
}

function warnNotOwned(session: Session, state: Outputs, { text }: Reason): Promise<void> {
  const outcome = "the domain is left unchanged, only the resource is removed from the state";
  return session.log.message(state.__urn, "warning", redact(`${text}; ${outcome}`, state));
}

async function turnOff(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
  state: Outputs,
  seconds: number,
): Promise<void> {
  const { power } = await hypervisor.state(domain);
  if (isPoweredOff(power)) return;
  if (seconds > 0 && power === "running") {
    await session.log.status(state.__urn, `shutting the guest down (up to ${seconds} s)`);
    // A guest that can't be asked (no ACPI, no agent) is treated like one that doesn't react.
    await hypervisor.shutdown(domain).catch(() => undefined);
    const deadline = Deadline.inSeconds(seconds, session.clock);
    if (await waitUntilOff(hypervisor, domain, deadline)) return;
    await session.log.message(
      state.__urn,
      "warning",
      `the guest did not shut down within ${seconds} s (shutdownTimeout), so it was forced off`,
    );
  }
  await hypervisor.destroy(domain).catch((error: unknown) => {
    // It powered off in the meantime.
    if (!hasCode(error, ErrorCode.OPERATION_INVALID)) throw error;
  });
}

async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!hasCode(error, ErrorCode.NO_DOMAIN)) throw error;
  }
}
