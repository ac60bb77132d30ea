import { forbiddenCharacter } from "../units/xml-characters.ts";
import { REFERENCE, referenced, XmlError } from "./escape.ts";
import { declared, expandedName, type Namespaces } from "./namespaces.ts";
import type { Element, Node } from "./tree.ts";
import { nameAt } from "./xml-name.ts";

/** libxml2's limit (xmlParserMaxDepth). */
const MAX_DEPTH = 256;

/** Names in messages are cut: a document may have names of any length. */
const LONGEST_NAME = 80;

/** Constructs whose content isn't markup. */
const ASIDES = [
  { kind: "comment", begin: "<!--", end: "-->", name: "comment" },
  { kind: "cdata", begin: "<![CDATA[", end: "]]>", name: "CDATA section" },
  { kind: "instruction", begin: "<?", end: "?>", name: "processing instruction" },
] as const;

const XML_DECLARATION =
  /^<\?xml\s+version\s*=\s*(["'])1\.[0-9]+\1(?:\s+encoding\s*=\s*(["'])(?<encoding>[A-Za-z][\w.-]*)\2)?(?:\s+standalone\s*=\s*(["'])(?:yes|no)\4)?\s*\?>$/;

/**
 * @param problem with everything from the document in single quotes
 * @throws XmlError at a line and a column, which are shown even where the content is secret
 */
function malformed(source: string, index: number, problem: string): never {
  const before = source.slice(0, index);
  const column = index - before.lastIndexOf("\n");
  const where = `malformed XML at line ${before.split("\n").length}, column ${column}`;
  throw new XmlError(`${where}: ${problem}`, `${where}: ${problem.replace(/'.*'/s, "'…'")}`);
}

/** Reads a document from its start to its end, once. */
export class Scanner {
  readonly #source: string;
  #at = 0;

  /** @param source with line ends as \n */
  constructor(source: string) {
    this.#source = source;
    const found = forbiddenCharacter(source);
    if (found) this.#fail(`the character ${found.name} is not allowed in XML`, found.index);
  }

  /** The only element of the document, and where it begins and ends. */
  document(): { root: Element; start: number; end: number } {
    this.#outside("Start tag expected");
    const start = this.#at;
    if (start === this.#source.length) this.#fail("Start tag expected");
    const root = this.#root();
    const end = this.#at;
    this.#outside("it has text after the root element");
    if (this.#at < this.#source.length) this.#fail("it has a second root element");
    return { root, start, end };
  }

  /** Comments, instructions and blanks before or after the root element. */
  #outside(problem: string): void {
    for (;;) {
      this.#blanks();
      if (this.#source.startsWith("<![CDATA[", this.#at)) this.#fail(problem);
      if (this.#aside() !== undefined) continue;
      if (this.#at < this.#source.length && this.#source[this.#at] !== "<") this.#fail(problem);
      return;
    }
  }

  #root(): Element {
    const root = this.#startTag(new Map());
    const open = root.isClosed ? [] : [root];
    for (let parent = open.at(-1); parent; parent = open.at(-1)) {
      const child = this.#text() ?? this.#aside();
      if (child) parent.element.children.push(child);
      else if (this.#at === this.#source.length)
        this.#fail(`Unclosed tag '${cut(parent.written)}'`, parent.start);
      else if (this.#source.startsWith("</", this.#at)) {
        this.#endTag(parent);
        open.pop();
      } else {
        if (open.length === MAX_DEPTH) this.#fail(`Maximum nested tags exceeded (${MAX_DEPTH})`);
        const next = this.#startTag(parent.namespaces);
        parent.element.children.push(next.element);
        if (!next.isClosed) open.push(next);
      }
    }
    return root.element;
  }

  #startTag(around: Namespaces): Open {
    const start = this.#at;
    this.#at += 1;
    const name = this.#name();
    if (name === "") this.#fail("Start tag expected: < is not followed by a name", start);
    const attributes = this.#attributes(start);
    const isClosed = this.#source[this.#at] === "/";
    if (isClosed) this.#at += 1;
    if (this.#source[this.#at] !== ">") this.#fail(`Closing tag '${cut(name)}' does not end in >`, start);
    this.#at += 1;
    const namespaces = declared(attributes, around);
    const tags = { open: this.#source.slice(start, this.#at), close: "" };
    const element: Element = {
      kind: "element",
      name: expandedName(name, namespaces),
      written: name,
      attributes,
      children: [],
      tags,
    };
    return { element, tags, written: name, start, isClosed, namespaces };
  }

  #attributes(start: number): Map<string, string> {
    const source = this.#source;
    const attributes = new Map<string, string>();
    for (;;) {
      const hasBlanks = this.#blanks();
      const at = this.#at;
      const name = this.#name();
      if (name === "") return attributes;
      if (!hasBlanks) this.#fail(`Attribute '${cut(name)}' has no space before it`, at);
      this.#blanks();
      if (source[this.#at] !== "=") this.#fail(`Attribute '${cut(name)}' is without value`, at);
      this.#at += 1;
      this.#blanks();
      const quote = source[this.#at];
      const valueAt = this.#at + 1;
      const end = quote === "'" || quote === '"' ? source.indexOf(quote, valueAt) : -1;
      if (end < 0) this.#fail(`Attribute '${cut(name)}' is without value`, at);
      const value = source.slice(valueAt, end);
      this.#at = end + 1;
      if (attributes.has(name)) this.#fail(`Attribute '${cut(name)}' is repeated`, at);
      if (value.includes("<"))
        this.#fail(`Attribute '${cut(name)}' contains < (which is written &lt;)`, start);
      this.#checkReferences(value, valueAt);
      attributes.set(name, value);
    }
  }

  #endTag({ written, tags }: Open): void {
    const start = this.#at;
    this.#at += "</".length;
    const name = this.#name();
    this.#blanks();
    if (name !== written)
      this.#fail(`Expected closing tag '${cut(written)}' instead of closing tag '${cut(name)}'`, start);
    if (this.#source[this.#at] !== ">") this.#fail(`Closing tag '${cut(name)}' does not end in >`, start);
    this.#at += 1;
    tags.close = this.#source.slice(start, this.#at);
  }

  #text(): Node | undefined {
    const at = this.#at;
    const next = this.#source.indexOf("<", at);
    this.#at = next < 0 ? this.#source.length : next;
    if (this.#at === at) return undefined;
    const raw = this.#source.slice(at, this.#at);
    const end = raw.indexOf("]]>");
    if (end >= 0) this.#fail("unexpected ]]>", at + end);
    this.#checkReferences(raw, at);
    return { kind: "text", raw };
  }

  #aside(): Node | undefined {
    const [source, at] = [this.#source, this.#at];
    if (source[at + 1] !== "!" && source[at + 1] !== "?") return undefined;
    const aside = ASIDES.find(({ begin }) => source.startsWith(begin, at));
    if (aside === undefined) {
      if (source.startsWith("<!DOCTYPE", at))
        this.#fail("document type declarations (<!DOCTYPE>) are not supported");
      if (source.startsWith("<!", at)) this.#fail("unexpected <!");
      return undefined;
    }
    const end = source.indexOf(aside.end, at + aside.begin.length);
    if (end < 0) this.#fail(`the ${aside.name} is not closed`);
    const raw = source.slice(at, end + aside.end.length);
    const problem =
      aside.kind === "comment"
        ? commentProblem(raw)
        : aside.kind === "instruction"
          ? this.#instructionProblem(raw)
          : undefined;
    if (problem !== undefined) this.#fail(problem);
    this.#at += raw.length;
    return { kind: aside.kind, raw };
  }

  #instructionProblem(written: string): string | undefined {
    const target = nameAt(written, "<?".length);
    const after = written.slice("<?".length + target.length, -"?>".length);
    if (target === "" || (after !== "" && !/^[ \t\n]/.test(after)))
      return "the processing instruction has no name";
    if (target.toLowerCase() !== "xml") return undefined;
    if (this.#at > 0) return "the XML declaration must be at the very beginning";
    const declaration = XML_DECLARATION.exec(written);
    if (declaration === null) return "the XML declaration is malformed";
    // libvirt gets the text as UTF-8, whatever the declaration names, and libxml2 would decode it as something else.
    const { encoding = "UTF-8" } = declaration.groups ?? {};
    return /^utf-?8$/i.test(encoding)
      ? undefined
      : "the encoding in the XML declaration must be UTF-8, or left out";
  }

  #checkReferences(raw: string, at: number): void {
    if (!raw.includes("&")) return;
    for (const match of raw.matchAll(ANY_REFERENCE)) {
      const index = at + match.index;
      if (match[0] === "&") this.#fail("unknown reference (a plain & is written &amp;)", index);
      if (referenced(match) === undefined) this.#fail(`'${cut(match[0])}' is not allowed in XML`, index);
    }
  }

  /** Skips white space; whether there was any. */
  #blanks(): boolean {
    const [source, start] = [this.#source, this.#at];
    while (isBlank(source.charCodeAt(this.#at))) this.#at += 1;
    return this.#at > start;
  }

  /** The name here; "" where there is none. */
  #name(): string {
    const name = nameAt(this.#source, this.#at);
    this.#at += name.length;
    return name;
  }

  #fail(problem: string, at = this.#at): never {
    malformed(this.#source, at, problem);
  }
}

const ANY_REFERENCE = new RegExp(`${REFERENCE.source}|&`, "g");

/** An element whose end tag hasn't been read. */
interface Open {
  element: Element;
  tags: { open: string; close: string };
  /** The name as written. */
  written: string;
  start: number;
  isClosed: boolean;
  namespaces: Namespaces;
}

function commentProblem(raw: string): string | undefined {
  const content = raw.slice("<!--".length, -"-->".length);
  return content.includes("--") || content.endsWith("-")
    ? "a comment can't contain -- or end in -"
    : undefined;
}

/** XML's white space, where line ends are \n. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09;
}

function cut(text: string): string {
  return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text;
}
