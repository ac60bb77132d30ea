import { vcpusOf } from "../../domain/state.ts";
import { ConnectionError, ErrorCode, hasCode } from "../../libvirt/errors.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import { waitForDomain } from "../../observe/wait-for-domain.ts";
import type { Step } from "../../plan/plan.ts";
import { formatVcpus } from "../../plan/text.ts";
import type { Action } from "../action.ts";
import { secondsForGuest } from "../context.ts";

type UnplugStep = Extract<Step, { kind: "unplugVcpus" }>;

/** How long libvirt itself waits for each vCPU (qemuDomainRemoveDeviceWaitTime). */
const LEAST_REMOVAL_SECONDS = 5;

/**
 * Removes vCPUs from the running domain, the highest ones first. They count as removed only once the running domain doesn't have
 * them any more. A removal without an answer is recorded: QEMU may have done it without libvirt's knowledge, and the next change of
 * the vCPUs could then end QEMU.
 */
export const unplugVcpus: Action<UnplugStep> = {
  async run({ to }, context, progress) {
    const { hypervisor, domain, session } = context;
    const { live } = progress.now.observed;
    if (live !== undefined && vcpusOf(live) <= to) return progress.now;
    try {
      await hypervisor.setVcpus(domain, to, { live: true });
      return await observe(hypervisor, domain);
    } catch (error) {
      const isUnanswered = error instanceof ConnectionError || hasCode(error, ErrorCode.OPERATION_TIMEOUT);
      if (!isUnanswered) throw error;
      progress.vcpuRemoval = { domainId: domain.id, to };
    }
    const { deadline, text } = session.patience(secondsForGuest(context) || LEAST_REMOVAL_SECONDS);
    let latest = progress.now;
    const gone = await waitForDomain<Observation>(hypervisor, domain, {
      deadline,
      poll: async () => {
        latest = await observe(hypervisor, domain);
        const now = latest.observed.live;
        return now !== undefined && vcpusOf(now) <= to ? latest : undefined;
      },
    });
    if (gone !== undefined) {
      delete progress.vcpuRemoval;
      return gone;
    }
    const left = latest.observed.live && formatVcpus(vcpusOf(latest.observed.live));
    throw new Error(
      `no answer from the guest within ${text}: libvirt still has ${left ?? "no running domain"}, but QEMU may have removed some of them; another change could end the domain, so its vCPUs can't change until it is shut down and started`,
    );
  },

  async afterFailure(_step, _context, { vcpuRemoval }, latest) {
    return vcpuRemoval === undefined ? undefined : latest;
  },
};
