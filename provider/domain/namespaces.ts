/** The namespace of each prefix; "" is the default one. */
export type Namespaces = ReadonlyMap<string, string>;

const DECLARATION = "xmlns";

/** The namespaces inside of an element with these attributes. */
export function declared(attributes: Map<string, string>, around: Namespaces): Namespaces {
  let own: Map<string, string> | undefined;
  for (const [name, value] of attributes) {
    if (name !== DECLARATION && !name.startsWith(`${DECLARATION}:`)) continue;
    own ??= new Map(around);
    own.set(name.slice(DECLARATION.length + 1), value);
  }
  return own ?? around;
}

/** The name with its namespace, as `{namespace}local`; as written for an element without one, as libvirt's are. */
export function expandedName(written: string, namespaces: Namespaces): string {
  const colon = written.indexOf(":");
  const namespace = namespaces.get(colon < 0 ? "" : written.slice(0, colon)) ?? "";
  return namespace === "" ? written : `{${namespace}}${written.slice(colon + 1)}`;
}
