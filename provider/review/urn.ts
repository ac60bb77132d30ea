import { resourceName } from "../args/identity.ts";

/** The last type of a URN, whose name may have "::" in it. */
export function typeIn(urn: string): string {
  return urn.split("::", 3)[2]?.split("$").at(-1) ?? "";
}

/** The resource's name in the program. */
export function nameIn(urn: string): string {
  return resourceName(urn) || urn;
}
