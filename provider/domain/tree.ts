import { escapeAttribute, escapeText, resolveReferences } from "./escape.ts";

/**
 * An XML element. A parsed one keeps its tags as written until an attribute changes, so that serialising preserves every
 * byte that wasn't changed.
 */
export interface Element {
  readonly kind: "element";
  name: string;
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

/** A document: its root element, and the text before and after it. */
export interface Document {
  prolog: string;
  root: Element;
  epilog: string;
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

export function attribute(of: Element | undefined, name: string): string | undefined {
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
export function children(of: Element | undefined, name?: string): Element[] {
  if (!of) return [];
  return of.children.filter(
    (node): node is Element => node.kind === "element" && (name === undefined || node.name === name),
  );
}

/** The first element along a path of names, as libvirt finds elements (`./os/type[1]`). */
export function find(of: Element | undefined, ...path: string[]): Element | undefined {
  let found = of;
  for (const name of path) found = children(found, name)[0];
  return found;
}

/** The text directly inside an element, references and CDATA resolved; "" when it has none. */
export function textOf(of: Element | undefined): string {
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
  of.children.splice(0, of.children.length, ...written, ...rest);
}

/** Removes a child together with the white space before it. */
export function remove(parent: Element, child: Element): void {
  const index = parent.children.indexOf(child);
  if (index < 0) return;
  parent.children.splice(index, 1);
  const before = parent.children[index - 1];
  if (before?.kind !== "text") return;
  const kept = before.raw.replace(/\s+$/, "");
  if (kept === "") parent.children.splice(index - 1, 1);
  else parent.children.splice(index - 1, 1, { kind: "text", raw: kept });
  const rest = parent.children;
  if (rest.every((node) => node.kind === "text" && node.raw.trim() === "")) rest.splice(0);
}

/** Replaces a child by another. */
export function replace(parent: Element, old: Element, by: Element): void {
  const line = lineBefore(parent, old);
  parent.children.splice(parent.children.indexOf(old), 1, line === "" ? by : indent(by, line));
}

/**
 * Inserts a child after the last sibling with its name, else after the last one whose name precedes it in `order`, else
 * first; a name that isn't in `order` goes last. It gets its own line where its siblings have one.
 */
export function insert(parent: Element, child: Element, order: readonly string[] = []): void {
  const siblings = children(parent);
  const rank = order.indexOf(child.name);
  const before =
    siblings.findLast((sibling) => sibling.name === child.name) ??
    (rank < 0
      ? siblings.at(-1)
      : siblings.findLast((sibling) => {
          const siblingRank = order.indexOf(sibling.name);
          return siblingRank >= 0 && siblingRank < rank;
        }));
  const at = before ? parent.children.indexOf(before) + 1 : 0;
  const line = lineBefore(parent, before ?? siblings[0]);
  if (line === "") parent.children.splice(at, 0, child);
  else parent.children.splice(at, 0, { kind: "text", raw: line }, indent(child, line));
}

/** The line break and white space before an element; "" when it shares its line. */
function lineBefore(parent: Element, child: Element | undefined): string {
  const before = child && parent.children[parent.children.indexOf(child) - 1];
  return before?.kind === "text" ? (/\n[ \t]*$/.exec(before.raw)?.[0] ?? "") : "";
}

export function serialise(document: Document): string {
  return document.prolog + serialiseNode(document.root) + document.epilog;
}

export function serialiseNode(node: Node): string {
  if (node.kind !== "element") return node.raw;
  const inside = node.children.map(serialiseNode).join("");
  const { tags } = node;
  if (tags && (inside === "" || !tags.open.endsWith("/>"))) return tags.open + inside + tags.close;
  const attributes = [...node.attributes].map(([name, raw]) => {
    // A raw value contains at most one kind of quotes: not the kind that it was written in.
    const quote = raw.includes("'") ? '"' : "'";
    return ` ${name}=${quote}${raw}${quote}`;
  });
  const start = `<${node.name}${attributes.join("")}`;
  return inside === "" ? `${start}/>` : `${start}>${inside}</${node.name}>`;
}

/** Puts the children of every element that contains only elements on lines of their own, indented as by libvirt. */
export function indent(of: Element, line = "\n"): Element {
  const elements = children(of);
  if (elements.length === 0 || elements.length < of.children.length) return of;
  const inner = `${line}  `;
  of.children.splice(
    0,
    of.children.length,
    ...elements.flatMap((child): Node[] => [{ kind: "text", raw: inner }, indent(child, inner)]),
    { kind: "text", raw: line },
  );
  return of;
}
