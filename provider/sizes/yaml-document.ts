import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type YAMLError,
} from "yaml";
import { InputError } from "../command/command.ts";
import { foreignText } from "../foreign-text.ts";
import { messageOf } from "../message-of.ts";

/** Objects, lists, texts and numbers only. The parser would compare each key with each other one: minutes for a long object. */
const OPTIONS = {
  merge: true,
  prettyErrors: false,
  logLevel: "silent",
  resolveKnownTags: false,
  uniqueKeys: false,
} as const;

/** What a file with references has once each is replaced by its anchor's value. A list of 50,000 VMs has 350,000. */
const MOST_EXPANDED = 500_000;

/** Anchors and aliases of a file. The parser searches all of them for the anchor of each alias. */
const MOST_REFERENCES = 10_000;

/** A list of 50,000 VMs has three quarters of this many. Each takes memory. */
const MOST_TOKENS = 2_000_000;

/** Empty documents between markers. */
const MOST_EMPTY = 10;

/**
 * Parses a text with one YAML document, or JSON.
 *
 * @param name the file in messages
 * @throws InputError
 */
export function parseDocument(text: string, name: string): unknown {
  const invalid = (reason: string) => new InputError(`${name} ${reason}`);
  const document = onlyDocument(text, invalid);
  const { repeated, references } = contentsOf(document);
  if (repeated !== undefined)
    throw invalid(
      `is not valid YAML or JSON: "${foreignText(repeated)}" is twice in one object; remove one of them`,
    );
  if (references > MOST_REFERENCES)
    throw invalid(
      `has more than ${MOST_REFERENCES} anchors and aliases; write the sizes out, without anchors`,
    );
  try {
    if (references > 0) limitExpansion(document);
    // The parser's own limit is on the number of references, whatever they refer to.
    return document.toJS({ maxAliasCount: -1 });
  } catch (error) {
    throw invalid(`can't be read: ${describeAlias(error)}; write the sizes out, without anchors`);
  }
}

type Invalid = (reason: string) => InputError;

/** The document with the file's contents. It is parsed as far as its first error. */
function onlyDocument(text: string, invalid: Invalid): Document {
  const lines = new LineCounter();
  let found: Document | undefined;
  let empty = 0;
  for (const document of documentsIn(text, lines, invalid)) {
    const [error] = document.errors;
    if (error !== undefined) throw invalid(`is not valid YAML or JSON: ${describeError(error, lines)}`);
    // A marker at the beginning or the end has an empty document at its other side.
    if (isEmpty(document)) empty += 1;
    if (empty > MOST_EMPTY || (found !== undefined && !isEmpty(document)))
      throw invalid("has more than one YAML document; write each into its own file");
    if (!isEmpty(document)) found = document;
  }
  if (found === undefined)
    throw invalid("is empty; write a catalogue with a ceiling and sizes, or a list of VMs");
  return found;
}

function* documentsIn(text: string, lines: LineCounter, invalid: Invalid) {
  try {
    yield* new Composer(OPTIONS).compose(untilError(tokensOf(text, lines, invalid)), true, text.length);
  } catch (error) {
    if (error instanceof InputError) throw error;
    // Thousands of nested collections: the parser is recursive.
    throw invalid(`is not valid YAML or JSON: ${foreignText(messageOf(error))}`);
  }
}

function* tokensOf(text: string, lines: LineCounter, invalid: Invalid): Iterable<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > MOST_TOKENS)
      throw invalid(
        `has more than ${MOST_TOKENS} words and marks, enough for 50,000 VMs; use a shorter file`,
      );
    yield* parser.next(lexeme);
  }
  yield* parser.end();
}

/** After an error, each character of the rest may be another one. */
function* untilError(tokens: Iterable<CST.Token>): Iterable<CST.Token> {
  for (const token of tokens) {
    yield token;
    if (token.type === "error") return;
  }
}

function describeError({ message, pos: [start] }: YAMLError, lines: LineCounter): string {
  const { line, col } = lines.linePos(start);
  const reason = message.replace("Maximum call stack size exceeded", "nested too deeply");
  return `${foreignText(reason)} at line ${line}, column ${col}`;
}

/** What is wrong with an alias, which is found only when it is resolved. */
function describeAlias(error: unknown): string {
  const message = messageOf(error);
  if (message.startsWith("Merge sources")) return 'the value of "<<" must be an object, or a list of objects';
  return foreignText(message);
}

function isEmpty({ contents }: Document): boolean {
  return contents === null || (isScalar(contents) && contents.source === "");
}

/**
 * A key that an object has twice, also as a number and as a text; and the number of anchors and aliases. Keys become texts, as the
 * file has them: a size 1.10 isn't named 1.1.
 */
function contentsOf(document: Document): { repeated?: string; references: number } {
  let references = 0;
  const rest: unknown[] = [document.contents];
  while (rest.length > 0) {
    const node = rest.pop();
    if (isAlias(node) || (isNode(node) && hasAnchor(node))) references += 1;
    if (isPair(node)) rest.push(node.key, node.value);
    if (isSeq(node)) for (const item of node.items) rest.push(item);
    if (!isMap(node)) continue;
    const found = new Set<string>();
    for (const { key, value } of node.items) {
      rest.push(key, value);
      // A key "<<" is a symbol. It may be repeated.
      if (!isScalar(key) || typeof key.value === "symbol") continue;
      const name = typeof key.value === "string" ? key.value : (key.source ?? "");
      key.value = name;
      if (found.has(name)) return { repeated: name, references };
      found.add(name);
    }
  }
  return { references };
}

function hasAnchor(node: object): node is { anchor: string } {
  return "anchor" in node && node.anchor !== undefined;
}

/**
 * Bounds what the references of a document expand to.
 *
 * @throws Error
 */
function limitExpansion(document: Document): void {
  const anchors = new Map<string, number>();
  const sizeOf = (node: unknown): number => {
    // An alias refers to the last anchor of its name before it. An unknown one is reported when it is resolved.
    if (isAlias(node)) return anchors.get(node.source) ?? 1;
    const anchor = isNode(node) && hasAnchor(node) ? node.anchor : undefined;
    // Until the end of the node, a reference to it is inside of itself.
    if (anchor !== undefined) anchors.set(anchor, Number.POSITIVE_INFINITY);
    const size = 1 + sizeOfItems(node);
    if (anchor !== undefined) anchors.set(anchor, size);
    return size;
  };
  const sizeOfItems = (node: unknown): number => {
    if (isMap(node)) return node.items.reduce((sum, { key, value }) => sum + sizeOf(key) + sizeOf(value), 0);
    return isSeq(node) ? node.items.reduce<number>((sum, item) => sum + sizeOf(item), 0) : 0;
  };
  const size = sizeOf(document.contents);
  if (size === Number.POSITIVE_INFINITY) throw new Error("it refers to an anchor inside of itself");
  if (size > MOST_EXPANDED)
    throw new Error(`it has more than ${MOST_EXPANDED} values once each reference is written out`);
}
