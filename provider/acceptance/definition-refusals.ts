import { imagesToMake } from "../args/disk-images.ts";
import type { Inputs } from "../args/inputs.ts";
import { parseDomain, readDomainXml } from "../domain/parse.ts";
import { attribute, children, type Element, find, remove, serialise } from "../domain/tree.ts";
import { ErrorCode, type LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import type { Reason } from "../plan/plan.ts";
import { capabilityRefusals } from "./capability-refusals.ts";
import type { Purpose } from "./hosted-domains.ts";
import { missingSources } from "./missing-sources.ts";
import { claimedByOthers } from "./other-domains.ts";
import { refusalOf, unlessFailed } from "./unanswered.ts";

/** The context of a definition that is checked. */
interface Asked {
  news: Partial<Inputs>;
  purpose: Purpose;
  /** The existing domain that is to get the definition: what libvirt also refuses in its present definition isn't a reason. */
  present?: DomainRef | undefined;
  /** The present definition, where it was read. */
  from?: string | undefined;
}

/**
 * Why libvirt would refuse to define or start a domain with this definition, as far as it can be found out without a change on
 * the host. An answer that fails (a call that this libvirt doesn't support, a broken connection) gives no reason. What only a
 * start shows, such as a missing disk file, isn't among them.
 *
 * @param xml the whole definition, with the secrets in it
 */
export async function definitionRefusals(
  hypervisor: Hypervisor,
  xml: string,
  { news, purpose, present, from }: Asked,
): Promise<Reason[]> {
  const root = readDomainXml(xml);
  const toMake = imagesToMake(news);
  const [unsupported, missing, claimed] = await Promise.all([
    unlessFailed(capabilityRefusals(hypervisor, xml), []),
    missingSources(hypervisor, root, news, toMake),
    claimsRefused(hypervisor, xml, { news, purpose, present, from }),
  ]);
  const reasons: Reason[] = [
    ...unsupported.map((text) => ({ code: "unsupported-by-host" as const, text })),
    ...missing.map((text) => ({ code: "missing-on-host" as const, text })),
    ...claimed,
  ];
  // libvirt's own message would be the same reason again, and it looks up volumes to describe a domain.
  if (unsupported.length > 0 || (present === undefined && missing.length > 0)) return reasons;
  // It describes how a domain is started, and a new one that stays off may have what this host can't start.
  if (present === undefined && news.running === false) return reasons;
  const refusal = await nativeRefusal(hypervisor, xml, present, toMake);
  return refusal === undefined ? reasons : [...reasons, definitionRefused(refusal)];
}

/**
 * What another domain of the host already has. The present definition is read only if it may already have one of the claimed
 * devices.
 */
export async function claimsRefused(
  hypervisor: Hypervisor,
  xml: string,
  { present, from, ...asked }: Asked,
): Promise<Reason[]> {
  const claimed = await claimedByOthers(hypervisor, xml, from, asked);
  if (claimed.length === 0 || present === undefined || from !== undefined) return claimed;
  const defined = await unlessFailed(hypervisor.xml(present, { inactive: true }), undefined);
  return claimedByOthers(hypervisor, xml, defined, asked);
}

async function nativeRefusal(
  hypervisor: Hypervisor,
  xml: string,
  present: DomainRef | undefined,
  toMake: readonly string[],
): Promise<LibvirtError | undefined> {
  const refusal = await refusalOf(hypervisor.toNative(describable(xml, toMake)));
  // A system error is about the host at that moment.
  if (refusal === undefined || refusal.code === ErrorCode.SYSTEM_ERROR) return undefined;
  if (present !== undefined) {
    const defined = await unlessFailed(hypervisor.xml(present, { inactive: true, secure: true }), undefined);
    const earlier =
      defined === undefined ? undefined : await refusalOf(hypervisor.toNative(describable(defined, toMake)));
    if (earlier?.message === refusal.message) return undefined;
  }
  return refusal;
}

/** The reason that libvirt gives for refusing a whole definition. */
export function definitionRefused(refusal: LibvirtError): Reason {
  return { code: "definition-refused", text: `libvirt refuses the definition: ${messageOf(refusal)}` };
}

/**
 * To describe a network interface, libvirt opens a TAP device, which an unprivileged daemon may not; and it looks up a volume, which may
 * have to be made first. The metadata isn't part of a command line, but names interfaces too.
 */
function describable(xml: string, toMake: readonly string[]): string {
  const document = parseDomain(xml);
  for (const metadata of children(document.root, "metadata")) remove(document.root, metadata);
  const devices = find(document.root, "devices");
  for (const device of [...children(devices, "interface"), ...children(devices, "disk")])
    if (devices && (device.name === "interface" || isVolumeOf(device, toMake))) remove(devices, device);
  return serialise(document);
}

function isVolumeOf(disk: Element, toMake: readonly string[]): boolean {
  const source = find(disk, "source");
  return toMake.includes(`${attribute(source, "pool")}/${attribute(source, "volume")}`);
}
