import { escapeAttribute, escapeText, resolveReferences } from "./escape.ts";

/**
 * An XML element. A parsed one keeps its tags as written until an attribute changes, so that serialising preserves every
 * byte that wasn't changed.
 */
export interface Element {
  readonly kind: "element";
  /** With the namespace as `{namespace}local` where it has one, as none of libvirt's own elements has. */
  name: string;
  /** The name as written, with its prefix; undefined: `name`. */
  written?: string;
  /** The attributes in order, their values escaped as in XML. */
  readonly attributes: Map<string, string>;
  readonly children: Node[];
  /** The tags as written in the source; dropped when an attribute changes. */
  tags?: { open: string; close: string };
}

/** Everything that isn't an element, as written: escaped text, `<![CDATA[…]]>`, `<!--…-->`, `<?…?>`. */
interface Raw {
  readonly kind: "text" | "cdata" | "comment" | "instruction";
  readonly raw: string;
}

export type Node = Element | Raw;

/** An element that is only read: several readers share it. */
export interface SharedElement {
  readonly kind: "element";
  readonly name: string;
  readonly written?: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (SharedElement | Raw)[];
  readonly tags?: Readonly<{ open: string; close: string }>;
}

/** A document: its root element, and the text before and after it. */
export interface Document {
  prolog: string;
  root: Element;
  epilog: string;
}

/** The same element with its content, which may be changed. */
export function copyOf({ attributes, children, tags, ...rest }: SharedElement): Element {
  return {
    ...rest,
    attributes: new Map(attributes),
    children: children.map((child) => (child.kind === "element" ? copyOf(child) : child)),
    ...(tags && { tags: { ...tags } }),
  };
}

/** Creates an element and escapes its values; undefined attributes and children are left out. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...children: (Element | string | undefined)[]
): Element {
  const made: Element = { kind: "element", name, attributes: new Map(), children: [] };
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) made.attributes.set(key, escapeAttribute(String(value)));
  }
  for (const child of children) {
    if (typeof child === "string") made.children.push({ kind: "text", raw: escapeText(child) });
    else if (child !== undefined) made.children.push(child);
  }
  return made;
}

export function attribute(of: SharedElement | undefined, name: string): string | undefined {
  const raw = of?.attributes.get(name);
  return raw === undefined ? undefined : resolveReferences(raw);
}

/** Sets an attribute; undefined removes it. */
export function setAttribute(of: Element, name: string, value: string | number | undefined): void {
  if (attribute(of, name) === (value === undefined ? undefined : String(value))) return;
  if (value === undefined) of.attributes.delete(name);
  else of.attributes.set(name, escapeAttribute(String(value)));
  delete of.tags;
}

/** The child elements: all, or those with a name. */
export function children<E extends SharedElement>(of: E | undefined, name?: string): E[] {
  if (!of) return [];
  // The children of an Element are Elements too.
  return of.children.filter(
    (node) => node.kind === "element" && (name === undefined || node.name === name),
  ) as SharedElement[] as E[];
}

/** The first element along a path of names, as libvirt finds elements (`./os/type[1]`). */
export function find<E extends SharedElement>(of: E | undefined, ...path: string[]): E | undefined {
  let found: SharedElement | undefined = of;
  for (const name of path)
    found = found?.children.find(
      (node): node is SharedElement => node.kind === "element" && node.name === name,
    );
  return found as E | undefined;
}

/** The text directly inside an element, references and CDATA resolved; "" when it has none. */
export function textOf(of: SharedElement | undefined): string {
  let found = "";
  for (const node of of?.children ?? []) {
    if (node.kind === "text") found += resolveReferences(node.raw);
    else if (node.kind === "cdata") found += node.raw.slice("<![CDATA[".length, -"]]>".length);
  }
  return found;
}

/** Replaces the text directly inside an element; child elements and comments stay, after it. */
export function setText(of: Element, value: string): void {
  if (textOf(of) === value) return;
  const rest = of.children.filter((node) => node.kind !== "text" && node.kind !== "cdata");
  const written: Node[] = value === "" ? [] : [{ kind: "text", raw: escapeText(value) }];
  setChildren(of, [...written, ...rest]);
}

/** Removes a child together with the white space before it. */
export function remove(parent: Element, child: Element): void {
  removeAll(parent, (other) => other === child);
}

/** Removes child elements together with the white space before each of them. */
export function removeAll(parent: Element, isRemoved: (child: Element) => boolean): void {
  const kept: Node[] = [];
  for (const node of parent.children) {
    if (node.kind !== "element" || !isRemoved(node)) {
      kept.push(node);
      continue;
    }
    const before = kept.at(-1);
    if (before?.kind !== "text") continue;
    const raw = withoutBlanksAtEnd(before.raw);
    kept.splice(-1, 1, ...(raw === "" ? [] : [{ kind: "text", raw } as const]));
  }
  if (kept.length === parent.children.length) return;
  const isBlank = kept.every((node) => node.kind === "text" && withoutBlanksAtEnd(node.raw) === "");
  setChildren(parent, isBlank ? [] : kept);
}

/** XML's white space (2.3, S): not that of Unicode, which is content. */
function withoutBlanksAtEnd(raw: string): string {
  let end = raw.length;
  while (end > 0 && " \t\n\r".includes(raw.charAt(end - 1))) end--;
  return raw.slice(0, end);
}

function setChildren(parent: Element, nodes: Node[]): void {
  parent.children.length = 0;
  // One by one: an argument list has a limit.
  for (const node of nodes) parent.children.push(node);
}

/** Replaces a child by another. */
export function replace(parent: Element, old: Element, by: Element): void {
  replaceAll(parent, new Map([[old, by]]));
}

/** Replaces children, each by its value in the map. */
export function replaceAll(parent: Element, by: ReadonlyMap<Element, Element>): void {
  if (by.size === 0) return;
  for (const [index, old] of parent.children.entries()) {
    const wanted = old.kind === "element" ? by.get(old) : undefined;
    if (wanted === undefined) continue;
    const line = lineOf(parent.children[index - 1]);
    parent.children[index] = line === "" ? wanted : indent(wanted, line);
  }
}

/**
 * Inserts a child after the last sibling with its name, else after the last one whose name precedes it in `order`, else
 * first; a name that isn't in `order` goes last. It gets its own line where its siblings have one.
 */
export function insert(parent: Element, child: Element, order: readonly string[] = []): void {
  insertAll(parent, [child], order);
}

/** Inserts children like `insert`; those with the same name in their order. */
export function insertAll(
  parent: Element,
  inserted: readonly Element[],
  order: readonly string[] = [],
): void {
  for (const group of Map.groupBy(inserted, ({ name }) => name).values()) insertGroup(parent, group, order);
}

function insertGroup(parent: Element, group: readonly Element[], order: readonly string[]): void {
  const after = indexBefore(parent, group[0]?.name ?? "", order);
  const anchor = after >= 0 ? after : parent.children.findIndex(({ kind }) => kind === "element");
  const line = lineOf(parent.children[anchor - 1]);
  const added = group.flatMap((child): Node[] =>
    line === "" ? [child] : [{ kind: "text", raw: line }, indent(child, line)],
  );
  const { children } = parent;
  setChildren(parent, [...children.slice(0, after + 1), ...added, ...children.slice(after + 1)]);
}

/** The index of the element that a new one with this name follows; -1 where it is the first. */
function indexBefore({ children }: Element, name: string, order: readonly string[]): number {
  const rank = order.indexOf(name);
  const precedes = (other: string) => {
    const otherRank = order.indexOf(other);
    return rank < 0 || (otherRank >= 0 && otherRank < rank);
  };
  const same = children.findLastIndex((node) => node.kind === "element" && node.name === name);
  return same >= 0 ? same : children.findLastIndex((node) => node.kind === "element" && precedes(node.name));
}

/** The line break and white space at the end of a text, before an element; "" when the element shares its line. */
function lineOf(before: Node | undefined): string {
  return before?.kind === "text" ? (/\n[ \t]*$/.exec(before.raw)?.[0] ?? "") : "";
}

export function serialise(document: Document): string {
  return document.prolog + serialiseNode(document.root) + document.epilog;
}

export function serialiseNode(node: SharedElement | Raw): string {
  const parts: string[] = [];
  write(node, parts);
  return parts.join("");
}

function write(node: SharedElement | Raw, parts: string[]): void {
  if (node.kind !== "element") {
    parts.push(node.raw);
    return;
  }
  const isEmpty = node.children.every((child) => child.kind !== "element" && child.raw === "");
  const { open, close } = tagsOf(node, isEmpty);
  parts.push(open);
  for (const child of node.children) write(child, parts);
  parts.push(close);
}

function tagsOf(of: SharedElement, isEmpty: boolean): Readonly<{ open: string; close: string }> {
  const { tags, written: name = of.name } = of;
  if (tags && (isEmpty || !tags.open.endsWith("/>"))) return tags;
  const attributes = [...of.attributes].map(([key, raw]) => {
    // A raw value contains at most one kind of quotes: not the kind that it was written in.
    const quote = raw.includes("'") ? '"' : "'";
    return ` ${key}=${quote}${raw}${quote}`;
  });
  const start = `<${name}${attributes.join("")}`;
  return isEmpty ? { open: `${start}/>`, close: "" } : { open: `${start}>`, close: `</${name}>` };
}

/** Puts the children of every element that contains only elements on lines of their own, indented as by libvirt. */
export function indent(of: Element, line = "\n"): Element {
  const elements = children(of);
  if (elements.length === 0 || elements.length < of.children.length) return of;
  const inner = `${line}  `;
  const lines = elements.flatMap((child): Node[] => [{ kind: "text", raw: inner }, indent(child, inner)]);
  setChildren(of, [...lines, { kind: "text", raw: line }]);
  return of;
}
