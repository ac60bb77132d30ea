import { createHash } from "node:crypto";
import { v5 as uuidV5 } from "uuid";

/** Must never change: the UUIDs of all existing domains are derived from it. */
const UUID_NAMESPACE = "6f0c6d0e-8f2b-5c0a-9d53-1b7a3f3f6e55";

/** The UUID of a resource's domain: known in a preview, and the same after a replace. */
export function domainUuid(urn: string): string {
  return uuidV5(urn, UUID_NAMESPACE);
}

/** The UUID under which libvirt keeps a domain's earlier definition while the domain is changed. */
export function keptUuid(uuid: string): string {
  return uuidV5(`kept ${uuid}`, UUID_NAMESPACE);
}

/** The default MAC of an interface, with QEMU's prefix: the same after a replace, so that the guest keeps its DHCP lease. */
export function interfaceMac(urn: string, index: number): string {
  return macOf(`${urn}\n${index}`);
}

/** That of an interface with a name, whichever place it has. */
export function namedInterfaceMac(urn: string, name: string): string {
  return macOf(`${urn}\nname ${name}`);
}

function macOf(text: string): string {
  const digest = createHash("sha256").update(text).digest("hex");
  return `52:54:00:${digest.slice(0, 2)}:${digest.slice(2, 4)}:${digest.slice(4, 6)}`;
}

/** The resource's name, the last part of its URN (urn:pulumi:<stack>::<project>::<type>::<name>). */
export function resourceName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
