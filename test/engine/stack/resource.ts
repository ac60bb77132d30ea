import { urnOfProviderReference } from "./urn.ts";
import { fromState, isSecret, type Props, secret, toState, UNKNOWN } from "./values.ts";

/** A resource of the stack. Empty strings, lists and objects and `false` mean "none", as in Pulumi's protocol. */
export interface Resource {
  urn: string;
  type: string;
  custom: boolean;
  id: string;
  inputs: Props;
  outputs: Props;
  parent: string;
  /** `<urn>::<id>` of the provider resource. */
  provider: string;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  /** Replaced by a newer resource of the same URN, and still to be deleted. */
  delete: boolean;
  /** Deleted already, and still to be created again. */
  pendingReplacement: boolean;
  protect: boolean;
  initErrors: string[];
  additionalSecretOutputs: string[];
  retainOnDelete: boolean;
  deletedWith: string;
  ignoreChanges: string[];
  replaceOnChanges: string[];
  /** Seconds by operation. */
  customTimeouts: Timeouts;
  /** The id by which it was imported. */
  importID: string;
  /** Read, but not managed by the stack. */
  external: boolean;
  /** RFC 3339. */
  created: string;
  modified: string;
}

export interface Timeouts {
  create?: number;
  update?: number;
  delete?: number;
}

/** A resource as the program wants it. */
export interface Goal extends Resource {
  /** What the program says; undefined leaves it to the provider's diff. */
  deleteBeforeReplace: boolean | undefined;
  /** URNs that the resource may have had before. */
  aliases: string[];
  /** Of the default provider's plugin, where the program names no provider. */
  version: string;
}

export type StoredResource = Partial<Resource> & Pick<Resource, "urn" | "type" | "custom">;

const NOTHING: Omit<Resource, "urn" | "type" | "custom"> = {
  id: "",
  inputs: {},
  outputs: {},
  parent: "",
  provider: "",
  dependencies: [],
  propertyDependencies: {},
  delete: false,
  pendingReplacement: false,
  protect: false,
  initErrors: [],
  additionalSecretOutputs: [],
  retainOnDelete: false,
  deletedWith: "",
  ignoreChanges: [],
  replaceOnChanges: [],
  customTimeouts: {},
  importID: "",
  external: false,
  created: "",
  modified: "",
};

export function newResource(known: StoredResource): Resource {
  return { ...NOTHING, ...known };
}

export function loadResource(stored: StoredResource): Resource {
  const { inputs = {}, outputs = {} } = stored;
  return newResource({ ...stored, inputs: fromState(inputs), outputs: fromState(outputs) });
}

/** The form in a deployment file: empty fields are left out. */
export function storeResource(resource: Resource): StoredResource {
  const { urn, custom, type, ...rest } = resource;
  const stored = { ...rest, inputs: toState(rest.inputs), outputs: toState(rest.outputs) };
  const filled = (Object.keys(NOTHING) as (keyof typeof NOTHING)[]).filter((key) => !isEmpty(stored[key]));
  return { urn, custom, type, ...Object.fromEntries(filled.map((key) => [key, stored[key]])) };
}

function isEmpty(field: string | boolean | object): boolean {
  return field === "" || field === false || (typeof field === "object" && Object.keys(field).length === 0);
}

/** URNs that must exist before the resource does. */
export function dependenciesOf(resource: Resource): string[] {
  const { dependencies, propertyDependencies, parent, deletedWith, provider } = resource;
  const single = [parent, deletedWith, provider === "" ? "" : urnOfProviderReference(provider)];
  return [
    ...dependencies,
    ...Object.values(propertyDependencies).flat(),
    ...single.filter((urn) => urn !== ""),
  ];
}

/** How other resources refer to this provider resource; its id is not known in a preview that creates it. */
export function providerReference(provider: Resource): string {
  return `${provider.urn}::${provider.id === "" ? UNKNOWN : provider.id}`;
}

/** Marks outputs as secret that the program named so, or that carry the name of a secret input. */
export function markSecretOutputs(resource: Resource): void {
  const marked: Props = {};
  for (const [key, value] of Object.entries(resource.outputs)) {
    const isNamed = key !== "id" && resource.additionalSecretOutputs.includes(key);
    marked[key] = isNamed || isSecret(resource.inputs[key]) ? secret(value) : value;
  }
  resource.outputs = marked;
}
