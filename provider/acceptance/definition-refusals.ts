import { parseDomain, readDomainXml } from "../domain/parse.ts";
import { children, find, remove, serialise } from "../domain/tree.ts";
import { ErrorCode, type LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import type { Reason } from "../plan/plan.ts";
import { capabilityRefusals } from "./capability-refusals.ts";
import { missingSources } from "./missing-sources.ts";
import { refusalOf, unlessFailed } from "./unanswered.ts";

/**
 * Why libvirt would refuse to define or start a domain with this definition, as far as it can be found out without a change on
 * the host. An answer that fails (a call that this libvirt doesn't support, a broken connection) gives no reason. What only a
 * start shows, such as a missing disk file, isn't among them.
 *
 * @param xml the whole definition, with the secrets in it
 * @param present the existing domain that is to get the definition: what libvirt refuses in its present definition too isn't
 *   a reason
 * @param toMake disk images that are made before they are needed, by their keys
 */
export async function definitionRefusals(
  hypervisor: Hypervisor,
  xml: string,
  { present, toMake }: { present?: DomainRef | undefined; toMake?: readonly string[] } = {},
): Promise<Reason[]> {
  const root = readDomainXml(xml);
  const [unsupported, missing] = await Promise.all([
    unlessFailed(capabilityRefusals(hypervisor, xml), []),
    missingSources(hypervisor, root, toMake),
  ]);
  const reasons: Reason[] = [
    ...unsupported.map((text) => ({ code: "unsupported-by-host" as const, text })),
    ...missing.map((text) => ({ code: "missing-on-host" as const, text })),
  ];
  // libvirt's own message would be the same reason again.
  if (unsupported.length > 0) return reasons;
  const refusal = await nativeRefusal(hypervisor, xml, present);
  return refusal === undefined ? reasons : [...reasons, definitionRefused(refusal)];
}

async function nativeRefusal(
  hypervisor: Hypervisor,
  xml: string,
  present: DomainRef | undefined,
): Promise<LibvirtError | undefined> {
  const refusal = await refusalOf(hypervisor.toNative(withoutInterfaces(xml)));
  // A system error is about the host at that moment.
  if (refusal === undefined || refusal.code === ErrorCode.SYSTEM_ERROR) return undefined;
  if (present !== undefined) {
    const defined = await unlessFailed(hypervisor.xml(present, { inactive: true, secure: true }), undefined);
    const earlier =
      defined === undefined ? undefined : await refusalOf(hypervisor.toNative(withoutInterfaces(defined)));
    if (earlier?.message === refusal.message) return undefined;
  }
  return refusal;
}

/** The reason that libvirt gives for refusing a whole definition. */
export function definitionRefused(refusal: LibvirtError): Reason {
  return { code: "definition-refused", text: `libvirt refuses the definition: ${messageOf(refusal)}` };
}

/**
 * To describe a network interface, libvirt opens a TAP device, which an unprivileged daemon may not. The metadata isn't part of a
 * command line, but names interfaces too.
 */
function withoutInterfaces(xml: string): string {
  const document = parseDomain(xml);
  for (const metadata of children(document.root, "metadata")) remove(document.root, metadata);
  const devices = find(document.root, "devices");
  for (const card of children(devices, "interface")) if (devices) remove(devices, card);
  return serialise(document);
}
