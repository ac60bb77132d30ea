import { foreignText } from "../foreign-text.ts";

/**
 * Characters that never are markup in a word: neither Markdown's, nor HTML's, nor what GitHub, GitLab and Bitbucket turn into
 * mentions, references, formulas and emoji.
 */
const HARMLESS = /^[\p{L}\p{N}.,;'"()/=+→–—…?-]*:?$/u;

/** What is a link or a reference although all of its characters are harmless. */
const LINKED = /www\.|\/\/|\bGH-\d/i;

/** What begins a list, or makes a heading of the line before it, where it is the first word. */
const MARKER = /^[-+=]+$|^\d+[.)]$/;

/** What follows a word in a sentence. */
const ENDS = '.,;:?)"';

/**
 * Text as Markdown that renders as exactly this text: words that could be markup are code. For a table's cell, a list's item
 * or a paragraph.
 */
export function markdownText(text: string): string {
  return foreignText(text)
    .split(/\s+/)
    .filter((part) => part !== "")
    .map((part, index) => {
      if (index === 0 && MARKER.test(part)) return code(part);
      if (isHarmless(part)) return part;
      const word = withoutEnd(part);
      const end = part.slice(word.length);
      // A quote that is opened before the word is closed after it.
      const start = /^[("]*/.exec(word)?.[0] ?? "";
      return word === start ? code(part) : start + code(word.slice(start.length)) + end;
    })
    .join(" ");
}

/** Without a regular expression, which would look for the end from each of these characters. */
function withoutEnd(word: string): string {
  let length = word.length;
  while (length > 0 && ENDS.includes(word.charAt(length - 1))) length--;
  return word.slice(0, length);
}

function isHarmless(word: string): boolean {
  return HARMLESS.test(word) && !LINKED.test(word);
}

/** Text as code, in which no mention, reference or markup is recognized. */
export function code(text: string): string {
  const shown = foreignText(text);
  if (shown === "") return "";
  // How a table's cell escapes these inside of code differs between Markdown's implementations.
  return /[|\\`]/.test(shown) ? `<code>${htmlText(shown)}</code>` : `\`${shown}\``;
}

/** Text inside of HTML, in which Markdown recognizes nothing either. */
export function htmlText(text: string): string {
  return foreignText(text).replace(/[!-/:-@[-`{-~]/g, (character) => `&#${character.codePointAt(0)};`);
}

/** Lines as a code block, whatever is in them. */
export function codeBlock(lines: readonly string[]): string[] {
  const runs = lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(Math.max(2, ...runs) + 1);
  return [`${fence}text`, ...lines, fence];
}
