import { capabilitiesOf } from "../acceptance/capability-refusals.ts";
import type { Inputs } from "../args/inputs.ts";
import { mayExceedMachine } from "../args/max-vcpus.ts";
import { containsUnknown, UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { readHost } from "../observe/host.ts";
import type { Session } from "../session.ts";

/** Whether the program leaves the maximum of the vCPUs to its default. */
export function isDefaultMaximum({ maxVcpus, cpuTopology, xml }: Record<string, unknown>): boolean {
  return [maxVcpus, cpuTopology, xml].every((value) => value === undefined || value === null);
}

/**
 * The most vCPUs that a new domain's machine can have, where that may be less than the default of `maxVcpus`; undefined where it
 * isn't, or the host can't be asked.
 */
export async function mostVcpusOf(session: Session, inputs: Partial<Inputs>): Promise<number | undefined> {
  const { uri, arch, machine, vcpus } = inputs;
  if (uri === UNKNOWN || containsUnknown([arch, machine, vcpus]) || !mayExceedMachine(inputs))
    return undefined;
  return session.ask(session.uriFor(inputs), async (hypervisor) => {
    const host = readHost(await hypervisor.capabilities());
    const ofArch = arch ?? host.arch;
    if (!mayExceedMachine({ ...inputs, arch: ofArch })) return undefined;
    const type = session.configuration.domainType ?? (host.kvm.has(ofArch) ? "kvm" : "qemu");
    const found = await capabilitiesOf(hypervisor, { type, arch: ofArch, ...defined({ machine }) });
    return found.kind === "described" ? found.has.maxVcpus : undefined;
  });
}
