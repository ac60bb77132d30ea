import { ErrorCode, LibvirtError } from "../libvirt/errors.ts";
import type { DomainKind, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { type DomainCapabilities, readDomainCapabilities } from "../observe/domain-capabilities.ts";
import { readHost } from "../observe/host.ts";
import { readNeeds, unmetNeeds, unsupportedKind } from "./host-support.ts";

/** What a definition needs but the host doesn't have, according to the capabilities that libvirt reports. */
export async function capabilityRefusals(hypervisor: Hypervisor, xml: string): Promise<string[]> {
  const host = readHost(await hypervisor.capabilities());
  const needs = readNeeds(xml, host.arch);
  const found = await capabilitiesOf(hypervisor, needs);
  if (found.kind === "described") return unmetNeeds(needs, found.has, hypervisor.uri);
  const { reason, isMachine } = unsupportedKind(needs, host, hypervisor.uri, found.refusal);
  if (!isMachine) return [reason];
  // The CPU models don't depend on the machine type; the largest number of vCPUs and the firmware do.
  const { machine: _, firmware: __, ...rest } = needs;
  const others = await capabilitiesOf(hypervisor, rest);
  return others.kind === "described"
    ? [reason, ...unmetNeeds(rest, { ...others.has, maxVcpus: undefined }, hypervisor.uri)]
    : [reason, others.refusal];
}

type Found = { kind: "described"; has: DomainCapabilities } | { kind: "refused"; refusal: string };

/** What the host reports about a kind of domain, or why it can't run it. */
export async function capabilitiesOf(hypervisor: Hypervisor, kind: DomainKind): Promise<Found> {
  try {
    const has = readDomainCapabilities(await hypervisor.domainCapabilities(kind));
    return { kind: "described", has };
  } catch (error) {
    if (error instanceof LibvirtError && isForGood(error, kind))
      return { kind: "refused", refusal: messageOf(error) };
    throw error;
  }
}

/** What define and start refuse too (measured with libvirt 9.0). Other errors may not happen again. */
function isForGood({ code }: LibvirtError, { emulator }: DomainKind): boolean {
  // "unable to find any emulator"; a machine or domain type; "Cannot check QEMU binary".
  return (
    code === ErrorCode.CONFIG_UNSUPPORTED ||
    code === ErrorCode.INVALID_ARG ||
    (code === ErrorCode.SYSTEM_ERROR && emulator !== undefined)
  );
}
