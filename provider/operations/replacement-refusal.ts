import type { Inputs } from "../args/inputs.ts";
import { containsUnknown } from "../args/unknown.ts";
import { definitionXml, domainSpec } from "../definition/domain-spec.ts";
import { readDomain } from "../domain/read.ts";
import { ConnectionError, ErrorCode, LibvirtError } from "../libvirt/errors.ts";
import type { DomainKind, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { type DomainCapabilities, readDomainCapabilities } from "../observe/domain-capabilities.ts";
import { readHost } from "../observe/host.ts";
import type { Outputs } from "../outputs.ts";
import type { Reason } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { readNeeds, unmetNeeds, unsupportedKind } from "./host-support.ts";
import { takenBy } from "./unfinished-create.ts";
import { unsupportedDevice } from "./virtio-mem-support.ts";

/**
 * Why the host can't have the domain that is to replace this one. A replace deletes the old domain first, so this is found
 * out in advance, without changing anything. A call that fails (the connection breaks, or libvirt doesn't support it) gives no
 * reason.
 */
export async function replacementRefusals(
  session: Session,
  uri: string,
  state: Outputs,
  news: Inputs,
): Promise<Reason[]> {
  const hypervisor = await session.hypervisor(uri);
  const reasons = await Promise.all([
    unlessUnanswered(identityTaken(session, hypervisor, state, news)),
    unlessUnanswered(unsupportedDevice(hypervisor, news, session).then((reason) => reason ?? [])),
    containsUnknown(news) ? [] : unlessUnanswered(notOnHost(session, hypervisor, news)),
  ]);
  return reasons.flat();
}

async function unlessUnanswered(reasons: Promise<Reason | Reason[]>): Promise<Reason | Reason[]> {
  return reasons.catch((error: unknown) => {
    if (error instanceof LibvirtError || error instanceof ConnectionError) return [];
    throw error;
  });
}

async function identityTaken(
  session: Session,
  hypervisor: Hypervisor,
  state: Outputs,
  news: Inputs,
): Promise<Reason[]> {
  if (state.onDelete === "keep") {
    const text = `onDelete "keep" leaves the old domain on ${hypervisor.uri} with the UUID ${news.uuid}, which the new one needs; first set onDelete to "delete" in a separate update`;
    return [{ code: "uuid-taken", text }];
  }
  if (containsUnknown(news.name)) return [];
  const found = await hypervisor.findByName(news.name);
  if (found === undefined || found.uuid === news.uuid) return [];
  const { ownership } = readDomain(await hypervisor.xml(found, { inactive: false }));
  // A domain that is replaced in the same run gives its name up.
  if (ownership !== undefined && session.run.of(ownership.urn).replacement !== undefined) return [];
  return [takenBy(found, news, ownership?.urn)];
}

async function notOnHost(session: Session, hypervisor: Hypervisor, news: Inputs): Promise<Reason[]> {
  const texts = await unsupportedNeeds(session, hypervisor, news);
  return texts.map((text) => ({ code: "unsupported-by-host", text }));
}

async function unsupportedNeeds(session: Session, hypervisor: Hypervisor, news: Inputs): Promise<string[]> {
  const host = readHost(await hypervisor.capabilities());
  const { domainType } = session.configuration;
  const spec = domainSpec(news, host, domainType, session.defaults);
  const needs = readNeeds(definitionXml(news, spec, domainType), host.arch);
  const found = await capabilitiesFor(hypervisor, needs);
  if (found.kind === "described") return unmetNeeds(needs, found.has, hypervisor.uri);
  const { reason, isMachine } = unsupportedKind(needs, host, hypervisor.uri, found.refusal);
  if (!isMachine) return [reason];
  // The CPU models don't depend on the machine type; the largest number of vCPUs and the firmware do.
  const { machine: _, firmware: __, ...rest } = needs;
  const others = await capabilitiesFor(hypervisor, rest);
  return others.kind === "described"
    ? [reason, ...unmetNeeds(rest, { ...others.has, maxVcpus: undefined }, hypervisor.uri)]
    : [reason, others.refusal];
}

type Found = { kind: "described"; has: DomainCapabilities } | { kind: "refused"; refusal: string };

async function capabilitiesFor(hypervisor: Hypervisor, kind: DomainKind): Promise<Found> {
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
