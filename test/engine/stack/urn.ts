const STACK_TYPE = "pulumi:pulumi:Stack";
export const PROVIDER_TYPE = "pulumi:providers:pulumi-nodejs";

/** `parent` is the parent's URN, or empty. A parent of the stack's own type adds nothing to the type path. */
export function urnOf(at: {
  stack: string;
  project: string;
  type: string;
  name: string;
  parent: string;
}): string {
  const parentType = at.parent === "" ? "" : qualifiedType(at.parent);
  const path = parentType === "" || parentType === STACK_TYPE ? "" : `${parentType}$`;
  return `urn:pulumi:${at.stack}::${at.project}::${path}${at.type}::${at.name}`;
}

export function stackUrn({ project, stack }: { project: string; stack: string }): string {
  return urnOf({ project, stack, type: STACK_TYPE, name: `${project}-${stack}`, parent: "" });
}

function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

export function typeOf(urn: string): string {
  return qualifiedType(urn).split("$").at(-1) ?? "";
}

export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

export function isProviderType(type: string): boolean {
  return type.startsWith("pulumi:providers:");
}

export function isStack(urn: string): boolean {
  return qualifiedType(urn) === STACK_TYPE;
}

/** A resource names its provider by `<urn>::<id>`. */
export function urnOfProviderReference(reference: string): string {
  return reference.slice(0, reference.lastIndexOf("::"));
}
