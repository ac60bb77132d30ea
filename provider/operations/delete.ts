import { DEFAULT_SHUTDOWN_TIMEOUT } from "../args/limits.ts";
import { Deadline } from "../deadline.ts";
import { ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isOff, waitUntilOff } from "../observe/wait-for-domain.ts";
import type { Outputs } from "../outputs.ts";
import type { Session } from "../session.ts";
import { setOwner } from "./set-owner.ts";

/**
 * Shuts the domain down, forces it off after `shutdownTimeout` (0: at once), and undefines it with everything that libvirt
 * stores for it. Disk files stay. A domain that doesn't exist is already deleted. A domain that is to be kept (`onDelete`; the
 * default for adopted ones) only loses its owner.
 */
export async function deleteDomain(session: Session, id: string, state: Outputs): Promise<void> {
  const hypervisor = await session.hypervisor(state.uri);
  await session.locked(id, async () => {
    const domain = await hypervisor.findByUuid(id);
    if (domain === undefined) return;
    const keeps = (state.onDelete ?? (state.__adopted === true ? "keep" : "delete")) === "keep";
    if (keeps) return unlessGone(() => setOwner(hypervisor, domain, undefined));
    const seconds = state.shutdownTimeout ?? DEFAULT_SHUTDOWN_TIMEOUT;
    await unlessGone(() => turnOff(session, hypervisor, domain, state, seconds));
    // A transient domain disappears when it is off.
    if ((await hypervisor.findByUuid(id)) === undefined) return;
    await unlessGone(async () => {
      if (await hypervisor.hasManagedSave(domain))
        await session.log.message(
          state.__urn,
          "warning",
          "the domain's saved state (virsh managedsave) is deleted with it",
        );
      await hypervisor.undefine(domain);
    });
  });
}

async function turnOff(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
  state: Outputs,
  seconds: number,
): Promise<void> {
  if (await isOff(hypervisor, domain)) return;
  const { power } = await hypervisor.state(domain);
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
