const STACK_TYPE = "pulumi:pulumi:Stack";
const PROVIDER_TYPES = "pulumi:providers:";
/** Of resources whose provider is a part of the program, in the Node SDK. */
export const DYNAMIC_PACKAGE = "pulumi-nodejs";

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
  return type.startsWith(PROVIDER_TYPES);
}

export function providerType(ofPackage: string): string {
  return PROVIDER_TYPES + ofPackage;
}

/** The package that provides resources of this type, or that this type of provider is of. */
export function packageOf(type: string): string {
  return isProviderType(type) ? type.slice(PROVIDER_TYPES.length) : (type.split(":")[0] ?? "");
}

/** A provider resource that the engine made for resources that name none. */
export function isDefaultProvider(urn: string): boolean {
  return isProviderType(typeOf(urn)) && /^default(_|$)/.test(nameOf(urn));
}

export function isStack(urn: string): boolean {
  return qualifiedType(urn) === STACK_TYPE;
}

/** A resource names its provider by `<urn>::<id>`. */
export function urnOfProviderReference(reference: string): string {
  return reference.slice(0, reference.lastIndexOf("::"));
}
