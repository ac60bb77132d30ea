import { XMLValidator } from "fast-xml-parser";
import { forbiddenCharacter } from "../units/xml-characters.ts";
import { REFERENCE, referenced, XmlError } from "./escape.ts";

/**
 * Checks that XML is well-formed. fast-xml-parser's validator checks tags and attributes; characters, references, comments
 * and declarations, which it doesn't check, are checked here.
 *
 * @throws XmlError with line and column
 */
export function checkWellFormed(source: string): void {
  const found = forbiddenCharacter(source);
  if (found) malformed(source, found.index, `the character ${found.name} is not allowed in XML`);
  const markup = withoutAsides(source);
  const unexpected = /<!DOCTYPE|<!|\]\]>/.exec(markup.replace(/"[^"<]*"|'[^'<]*'/g, blanks));
  if (unexpected) {
    const isDoctype = unexpected[0] === "<!DOCTYPE";
    const problem = isDoctype
      ? "document type declarations (<!DOCTYPE>) are not supported"
      : `unexpected ${unexpected[0]}`;
    malformed(source, unexpected.index, problem);
  }
  checkReferences(source, markup);
  const verdict = XMLValidator.validate(source);
  if (verdict === true) return;
  const { line, col, msg } = verdict.err;
  throw new XmlError(`malformed XML at line ${line}, column ${col ?? 1}: ${msg.slice(0, LONGEST_MESSAGE)}`);
}

/** The validator's messages quote names from the document, which may be long. */
const LONGEST_MESSAGE = 200;

export function malformed(source: string, index: number, problem: string): never {
  const lines = source.slice(0, index).split("\n");
  const column = (lines.at(-1)?.length ?? 0) + 1;
  throw new XmlError(`malformed XML at line ${lines.length}, column ${column}: ${problem}`);
}

function blanks(text: string): string {
  return " ".repeat(text.length);
}

/** Constructs whose content isn't markup. */
const ASIDES = [
  { begin: "<!--", end: "-->", name: "comment" },
  { begin: "<![CDATA[", end: "]]>", name: "CDATA section" },
  { begin: "<?", end: "?>", name: "processing instruction" },
];

/** The source with comments, CDATA sections and processing instructions replaced by blanks of the same length. */
export function withoutAsides(source: string): string {
  const parts: string[] = [];
  const begins = /<!--|<!\[CDATA\[|<\?/g;
  let done = 0;
  for (let match = begins.exec(source); match; match = begins.exec(source)) {
    const { index } = match;
    const aside = ASIDES.find(({ begin }) => begin === match?.[0]);
    if (!aside) break;
    const end = source.indexOf(aside.end, index + aside.begin.length);
    if (end < 0) malformed(source, index, `the ${aside.name} is not closed`);
    const after = end + aside.end.length;
    const problem = asideProblem(source.slice(index, after), index);
    if (problem) malformed(source, index, problem);
    parts.push(source.slice(done, index), blanks(source.slice(index, after)));
    done = after;
    begins.lastIndex = after;
  }
  return parts.join("") + source.slice(done);
}

const XML_DECLARATION =
  /^<\?xml\s+version\s*=\s*(["'])1\.[0-9]+\1(\s+encoding\s*=\s*(["'])[A-Za-z][\w.-]*\3)?(\s+standalone\s*=\s*(["'])(yes|no)\5)?\s*\?>$/;

function asideProblem(written: string, at: number): string | undefined {
  if (written.startsWith("<!--") && /--|-$/.test(written.slice("<!--".length, -"-->".length))) {
    return "a comment can't contain -- or end in -";
  }
  if (!/^<\?xml[\s?]/i.test(written)) return undefined;
  if (at > 0) return "the XML declaration must be at the very beginning";
  return XML_DECLARATION.test(written) ? undefined : "the XML declaration is malformed";
}

function checkReferences(source: string, markup: string): void {
  for (const match of markup.matchAll(new RegExp(`${REFERENCE.source}|&`, "g"))) {
    if (match[0] === "&") {
      malformed(source, match.index, "unknown reference (a plain & is written &amp;)");
    }
    if (referenced(match) === undefined) malformed(source, match.index, `${match[0]} is not allowed in XML`);
  }
}
