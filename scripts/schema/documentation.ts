// TSDoc as the Markdown of a Pulumi schema.
import ts from "typescript";

/** What a schema keeps of a declaration's TSDoc. */
export interface Documentation {
  description?: string;
  /** `@deprecated` and its text. */
  deprecationMessage?: string;
  /** `@defaultValue` and its JSON. */
  default?: string | number | boolean;
}

/** @throws Error for a tag or an inline tag that has no form in a schema */
export function documentationOf(node: ts.Node): Documentation {
  const description = ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .map(({ comment }) => markdown(comment))
    .join("\n\n")
    .trim();
  const found: Documentation = description === "" ? {} : { description };
  for (const tag of ts.getJSDocTags(node)) {
    const name = tag.tagName.text;
    const text = markdown(tag.comment).trim();
    if (name === "deprecated") found.deprecationMessage = text;
    else if (name === "defaultValue") found.default = JSON.parse(text.replace(/^`(.*)`$/s, "$1"));
    // Each language has examples of its own (examples.ts).
    else if (name !== "example")
      throw new Error(`the tag @${name} has no form in a schema: ${tag.getText()}`);
  }
  return found;
}

function markdown(comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string {
  if (comment === undefined || typeof comment === "string") return plain(comment ?? "");
  return comment.map((part) => (isLink(part) ? link(part) : plain(part.text))).join("");
}

type Link = ts.JSDocLink | ts.JSDocLinkCode | ts.JSDocLinkPlain;

function isLink(part: ts.JSDocComment): part is Link {
  return part.kind !== ts.SyntaxKind.JSDocText;
}

/** The other languages have no page to link to: a link becomes its text, and a name becomes code. */
function link(part: Link): string {
  // TypeScript splits the target of a URL: "https" is its name, and "://…" its text.
  const name = part.name === undefined ? "" : part.name.getText();
  const isUrl = part.text.startsWith("://");
  const [target = "", text = ""] = (isUrl ? `${name}${part.text}` : `${name}|${part.text}`)
    .split(/[|\s](.*)/s)
    .map((piece) => piece.replace(/^\s*\|?\s*/, "").trim());
  if (isUrl) return text === "" ? `<${target}>` : `[${text}](${target})`;
  return text === "" || ts.isJSDocLinkCode(part) ? `\`${text || target}\`` : text;
}

function plain(text: string): string {
  const inline = /\{@\w+[^}]*\}/.exec(text)?.[0];
  if (inline !== undefined) throw new Error(`the inline tag ${inline} has no form in a schema`);
  return text;
}

/**
 * The descriptions of the values that a list in the documentation explains, as in `- "replace": the domain is …`, with or
 * without quotes inside of the code span.
 */
export function valueDescriptions(description: string): Map<string, string> {
  const items = description.matchAll(/^- `"?([^`"]+)"?`: (.*(?:\n {2}.*)*)/gm);
  return new Map([...items].map(([, value = "", text = ""]) => [value, sentence(text)]));
}

function sentence(text: string): string {
  const line = text.replace(/\n\s+/g, " ").replace(/;$/, ".");
  return `${line.charAt(0).toUpperCase()}${line.slice(1)}`;
}
