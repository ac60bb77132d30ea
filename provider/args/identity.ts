import { createHash } from "node:crypto";
import { v5 as uuidV5 } from "uuid";

/** Fixed for ever: the UUIDs of all domains that exist follow from it. */
const UUID_NAMESPACE = "6f0c6d0e-8f2b-5c0a-9d53-1b7a3f3f6e55";

/** The UUID of the domain that a resource makes: known in a preview, and the same after a replace. */
export function domainUuid(urn: string): string {
  return uuidV5(urn, UUID_NAMESPACE);
}

/** The MAC of an interface without one of its own, under QEMU's prefix; the same after a replace, so that a DHCP lease is kept. */
export function interfaceMac(urn: string, index: number): string {
  const digest = createHash("sha256").update(`${urn}\n${index}`).digest("hex");
  return `52:54:00:${digest.slice(0, 2)}:${digest.slice(2, 4)}:${digest.slice(4, 6)}`;
}

/** The resource's name, the last part of its URN (urn:pulumi:<stack>::<project>::<type>::<name>). */
export function resourceName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}
