import { ErrorCode, hasCode, LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isOff } from "../observe/wait-for-domain.ts";

/**
 * Asks the guest to shut down. libvirt asks the guest agent first, and presses the power button where the agent gives no
 * answer: a guest that goes off before its agent has answered makes the call fail, with "domain is not running".
 *
 * @throws LibvirtError when the guest couldn't be asked, and isn't about to be off
 */
export async function requestShutdown(hypervisor: Hypervisor, domain: DomainRef): Promise<void> {
  try {
    await hypervisor.shutdown(domain);
  } catch (error) {
    if (!(error instanceof LibvirtError && (await isGoingOff(hypervisor, domain)))) throw error;
  }
}

/** Forces the domain off, which may go off by itself in the meantime. */
export async function forceOff(hypervisor: Hypervisor, domain: DomainRef): Promise<void> {
  try {
    await hypervisor.destroy(domain);
  } catch (error) {
    if (!(hasCode(error, ErrorCode.OPERATION_INVALID) && (await isOff(hypervisor, domain)))) throw error;
  }
}

async function isGoingOff(hypervisor: Hypervisor, domain: DomainRef): Promise<boolean> {
  const { power } = await hypervisor.state(domain);
  return power === "shutdown" || isOff(hypervisor, domain);
}
