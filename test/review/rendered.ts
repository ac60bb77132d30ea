import MarkdownIt from "markdown-it";

/** As GitHub and GitLab render it: HTML in it is HTML, and addresses become links. */
const renderer = new MarkdownIt({ html: true, linkify: true });

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };

/** A text of HTML as a reader sees it. */
function textOf(html: string): string {
  return html
    .replace(/<[^>]*>/g, "")
    .replace(/&(?:#(\d+)|(\w+));/g, (whole, number, name) =>
      number === undefined ? (ENTITIES[name] ?? whole) : String.fromCodePoint(Number(number)),
    );
}

export interface Rendered {
  html: string;
  /** The tags that occur. */
  tags: Set<string>;
  links: string[];
  /** The cells of each row of each table. */
  tables: string[][][];
  /** What is outside of code, in which mentions and references are recognized. */
  prose: string;
}

export function render(markdown: string): Rendered {
  const html = renderer.render(markdown);
  const all = (pattern: RegExp, text = html) => [...text.matchAll(pattern)].map(([, found = ""]) => found);
  return {
    html,
    tags: new Set(all(/<\/?([a-z0-9]+)/g)),
    links: all(/<a href="([^"]*)"/g),
    tables: all(/<table>(.*?)<\/table>/gs).map((table) =>
      all(/<tr>(.*?)<\/tr>/gs, table).map((row) => all(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs, row).map(textOf)),
    ),
    prose: textOf(html.replace(/<code[^>]*>.*?<\/code>/gs, "…")),
  };
}
