import { resourceName } from "../args/identity.ts";

/** The last type of a URN, whose name may have "::" in it. */
export function typeIn(urn: string): string {
  return urn.split("::", 3)[2]?.split("$").at(-1) ?? "";
}

/** The resource's name in the program. */
export function nameIn(urn: string): string {
  return resourceName(urn) || urn;
}

/** "shop/prod": the project and the stack. */
export function stackIn(urn: string): string | undefined {
  const [, stack, project] = /^urn:pulumi:(.*?)::(.*?)::/.exec(urn) ?? [];
  return stack === undefined || project === undefined ? undefined : `${project}/${stack}`;
}
