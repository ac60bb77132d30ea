import { dropKept } from "../acceptance/kept-definition.ts";
import { ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { Outputs } from "../outputs.ts";
import type { Session } from "../session.ts";
import { retire } from "./retire.ts";
import { setOwner } from "./set-owner.ts";
import { turnOff } from "./turn-off.ts";

/**
 * Shuts the domain down, forces it off after `shutdownTimeout` (0: at once), and undefines it with everything that libvirt
 * stores for it. Disk files stay. A domain that doesn't exist is already deleted. A domain that is to be kept (`onDelete`; the
 * default for adopted ones) only loses its owner. In a replace the domain is only stopped: create removes it once the new one
 * runs.
 */
export async function deleteDomain(session: Session, id: string, state: Outputs): Promise<void> {
  const hypervisor = await session.hypervisor(state.uri);
  await session.locked(id, async () => {
    const domain = await hypervisor.findByUuid(id);
    const { successor } = session.run.domain(id);
    if (successor !== undefined) {
      if (domain !== undefined) await retire(session, hypervisor, domain, { state, successor });
      return;
    }
    // What an interrupted replace or restart left.
    await dropKept(hypervisor, id);
    if (domain === undefined) return;
    const keeps = (state.onDelete ?? (state.__adopted === true ? "keep" : "delete")) === "keep";
    if (keeps) return unlessGone(() => setOwner(hypervisor, domain, undefined));
    const shutdown = { urn: state.__urn, seconds: state.shutdownTimeout };
    await unlessGone(() => turnOff(session, hypervisor, domain, shutdown));
    // A transient domain disappears when it is off.
    if ((await hypervisor.findByUuid(id)) !== undefined) await unlessGone(() => hypervisor.undefine(domain));
  });
}

async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!hasCode(error, ErrorCode.NO_DOMAIN)) throw error;
  }
}
