import { code, markdownText } from "./markdown-text.ts";

/** The maximum length of a comment in characters: 1,000,000 on GitLab, 65,536 on GitHub, and 32,768 on Bitbucket. */
export const COMMENT_LIMIT = 32_768;

/** The smallest comment that has room for a table and its sums. */
export const LEAST_LIMIT = 4_096;

/** Longer names and texts don't help a reader of a table. */
const LONGEST_NAME = 80;
const LONGEST_TEXT = 300;

/** What a form may grow to: a character may need six in Markdown. */
const MOST_GROWTH = 1.5;

/** A name as code. */
export function shortName(name: string): string {
  return shortened(name, LONGEST_NAME, code);
}

/** Text of a table's cell, a list's item or a paragraph. */
export function shortText(text: string): string {
  return shortened(text, LONGEST_TEXT, markdownText);
}

/** The form is cut as well, so that a row fits into the smallest comment. */
function shortened(text: string, most: number, form: (text: string) => string): string {
  for (let length = most; ; length = Math.floor(length / 2)) {
    const shown = form(cut(text, length));
    if (shown.length <= MOST_GROWTH * most) return shown;
  }
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`;
}

/** As many of the texts as fit, from the first one on. */
export function fitting(texts: Iterable<string>, most: number): { shown: string[]; length: number } {
  const shown: string[] = [];
  let length = 0;
  for (const text of texts) {
    if (length + text.length + 1 > most) break;
    length += text.length + 1;
    shown.push(text);
  }
  return { shown, length };
}
