import type { DomainType } from "./apply/domain-spec.ts";
import { UserError } from "./operations/user-error.ts";

/** The stack's configuration, as far as it concerns this provider. */
export interface Configuration {
  /** `libvirt:uri`, shared with other libvirt providers: where domains without a `uri` of their own go. */
  uri?: string;
  /** `libvirt-hotplug:domainType`: "kvm" or "qemu"; default: KVM where the host has it for the guest's architecture. */
  domainType?: DomainType;
}

export function readConfiguration(get: (key: string) => string | undefined): Configuration {
  const uri = get("libvirt:uri");
  const domainType = get("libvirt-hotplug:domainType");
  if (domainType !== undefined && domainType !== "kvm" && domainType !== "qemu")
    throw new UserError(`libvirt-hotplug:domainType is "${domainType}"; it must be "kvm" or "qemu"`);
  return { ...(uri !== undefined && { uri }), ...(domainType !== undefined && { domainType }) };
}
