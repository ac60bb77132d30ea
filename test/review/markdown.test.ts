import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foreignText } from "../../provider/foreign-text.ts";
import { COMMENT_MARK, hasMark, markOf } from "../../provider/review/comment-mark.ts";
import { COMMENT_LIMIT, LEAST_LIMIT } from "../../provider/review/comment-size.ts";
import { markdown } from "../../provider/review/markdown.ts";
import { code, htmlText, markdownText } from "../../provider/review/markdown-text.ts";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf } from "../../provider/review/review.ts";
import { cases } from "../support/properties.ts";
import { createStep, deleteStep, mixedFleet, preview, updateStep, urnOf } from "./fleet.ts";
import { render } from "./rendered.ts";

const DOCS = "https://docs.example.com/troubleshooting.md";

function comment(
  steps: object[],
  limit = COMMENT_LIMIT,
  diagnostics?: Parameters<typeof preview>[1],
): string {
  return markdown(reviewOf(parseOutput(preview(steps, diagnostics), "the preview")), { docs: DOCS, limit });
}

/** Texts that a Markdown, HTML or comment parser would take for more than text. */
const HOSTILE = [
  "a|b",
  "a\\|b",
  "\\",
  "`x`",
  "``",
  "a`|`b",
  "<script>alert(1)</script>",
  "<!--",
  "-->",
  "</details>",
  "@team",
  "#1",
  "!2",
  "GH-12",
  "org/repo#3",
  "[x](https://evil.example)",
  "![x](https://evil.example/x.png)",
  "https://evil.example",
  "www.evil.example",
  "mail@evil.example",
  "**bold**",
  "_under_",
  "~~gone~~",
  ":smile:",
  "$x$",
  "line\nbreak",
  "line\r\n\r\n# heading",
  "&lt;b&gt;",
  "&#124;",
  "1.",
  "-",
  "===",
  "> quote",
  "\u202egnp",
  "```",
  "~~~",
  "| --- |",
  "toString",
  "[not-aligned]",
  "\ud800",
];

const anyHostile = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc
    .array(fc.constantFrom(...HOSTILE, " ", "a"), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join("")),
  fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
);

/** What a reader sees of a text: on one line, and blanks count once. */
function seen(text: string): string {
  return foreignText(text).replace(/\s+/g, " ").trim();
}

const TAGS = [
  ...[
    "h3",
    "h4",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "p",
    "strong",
    "code",
    "pre",
    "a",
    "ul",
    "ol",
    "li",
  ],
  ...["details", "summary"],
];

describe("whatever a text is", () => {
  test.each([
    ["text", markdownText],
    ["code", code],
    ["HTML", (text: string) => `<b>${htmlText(text)}</b>`],
  ])("as %s in a table it renders as this text, and as nothing else", (_, form) => {
    fc.assert(
      fc.property(anyHostile, (text) => {
        const { tables, tags, links, prose } = render(`| a | b |\n| --- | --- |\n| ${form(text)} | x |\n`);
        const rows = tables[0] ?? [];
        expect(rows).toHaveLength(2);
        expect(rows[1]).toHaveLength(2);
        expect(rows[1]?.map(seen)).toEqual([seen(text), "x"]);
        expect(links).toEqual([]);
        expect([...tags].filter((tag) => !["b", "code", ...TAGS].includes(tag))).toEqual([]);
        if (form !== htmlText && form !== code)
          expect(form === markdownText ? prose : "").not.toMatch(/[@#]\w/);
      }),
      cases(800),
    );
  });

  test("as text in a list's item it stays one item", () => {
    fc.assert(
      fc.property(anyHostile, (text) => {
        const { html } = render(`- ${markdownText(text)}\n- x\n`);
        expect(html.match(/<li>/g)).toHaveLength(2);
        expect(html.match(/<[uo]l>/g)).toHaveLength(1);
      }),
      cases(500),
    );
  });
});

describe("whatever the stack's name is", () => {
  const anyStack = anyHostile.filter(hasMark);
  const commentOf = (stack: string, steps: object[]) =>
    markdown(
      { ...reviewOf(parseOutput(preview(steps), "the preview")), stack },
      { docs: DOCS, limit: COMMENT_LIMIT },
    );

  test("the mark is one HTML comment of one line, and the heading has the name as text", () => {
    fc.assert(
      fc.property(anyStack, fc.boolean(), (stack, isChange) => {
        const whole = commentOf(stack, isChange ? [updateStep()] : []);
        const [mark = "", second = ""] = whole.split("\n");
        expect(mark).toBe(markOf(stack));
        expect(mark).toMatch(/^<!-- pulumi-libvirt-hotplug review [\w./%-]+ -->$/);
        const { html, links, tags, prose } = render(second);
        expect(links).toEqual([]);
        expect([...tags].filter((tag) => !TAGS.includes(tag))).toEqual([]);
        expect(html.match(/<(h3|p)>/g)).toHaveLength(1);
        expect(prose).not.toMatch(/[@#]\w/);
        expect(render(whole).tables).toHaveLength(isChange ? 2 : 0);
      }),
      cases(300),
    );
  });

  test("no mark is the beginning of another one", () => {
    const anyName = fc.oneof(
      anyStack,
      fc.string({ unit: fc.constantFrom(..."ab/-> "), minLength: 1, maxLength: 6 }),
    );
    fc.assert(
      fc.property(anyName, fc.oneof(fc.constant(""), anyName), anyName, (one, more, other) => {
        const marks = [COMMENT_MARK, markOf(one), markOf(other), markOf(one + more || "a")];
        for (const [index, mark] of marks.entries())
          for (const [at, longer] of marks.entries())
            if (index !== at && longer.startsWith(mark)) expect(longer).toBe(mark);
      }),
      cases(300),
    );
    expect(markOf("my-org/prod")).toBe("<!-- pulumi-libvirt-hotplug review my-org/prod -->");
  });
});

test("an ordinary sentence stays as it was", () => {
  const text =
    'add 2 vCPUs (4 of at most 8); hotplug.whenNotPossible is "restart": 1003 → 1259 MiB - no restart, 0–3.';
  expect(markdownText(text)).toBe(text);
});

test("whatever the names and messages are, the comment's tables have their rows, and nothing is a link, a mention or HTML of theirs", () => {
  const anyFleet = fc.array(fc.record({ name: anyHostile, host: anyHostile, message: anyHostile }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(anyFleet, (fleet) => {
      const steps = fleet.map(({ name, host }, index) =>
        updateStep({
          name: `${name}${index}`,
          uri: host,
          before: { name: `${name}-domain`, disks: [{ name, file: `/srv/${name}` }] as never },
          now: { disks: [] as never, memory: "1100MiB" },
        }),
      );
      const diagnostics = fleet.map(({ name, message }) => ({
        ...{ urn: urnOf(`${name}-refused`), severity: "error", message },
      }));
      const text = comment(steps, COMMENT_LIMIT, diagnostics);
      const { tables, links, tags, prose } = render(text);
      const domains = tables[0] ?? [];
      for (const row of domains) expect(row).toHaveLength(7);
      for (const { resource } of reviewOf(parseOutput(preview(steps, diagnostics), "")).domains)
        expect(domains.some(([, name = ""]) => seen(name).startsWith(seen(resource)))).toBe(true);
      expect(links.filter((link) => !link.startsWith(DOCS))).toEqual([]);
      expect([...tags].filter((tag) => !TAGS.includes(tag))).toEqual([]);
      expect(prose).not.toMatch(/@\w|(?<![&\w])#\d|!\d|:\w+:/);
      expect(text.length).toBeLessThanOrEqual(COMMENT_LIMIT);
    }),
    cases(50),
  );
});

test("however many domains there are and however long their texts, the limit holds, and every domain is shown or counted", () => {
  const anyFleet = fc.record({
    count: fc.integer({ min: 1, max: 200 }),
    length: fc.constantFrom(1, 20, 300, 3_000),
    limit: fc.integer({ min: LEAST_LIMIT, max: 100_000 }),
    hosts: fc.integer({ min: 1, max: 200 }),
  });
  fc.assert(
    fc.property(anyFleet, ({ count, length, limit, hosts }) => {
      const steps = Array.from({ length: count }, (_, index) =>
        updateStep({
          name: `${"n".repeat(length)}-${index}`,
          uri: `qemu+ssh://${"h".repeat(length)}-${index % hosts}/system`,
          now: { memory: index % 3 === 0 ? "1100MiB" : "1259MiB" },
        }),
      );
      const text = comment(steps, limit);
      expect(text.length).toBeLessThanOrEqual(limit);
      const rows = render(text).tables[0] ?? [];
      const shown = rows.filter(([mark]) => mark !== "" && mark !== "…").length;
      const left = Number(/^and (\d+) more$/.exec(rows.at(-1)?.[1] ?? "")?.[1] ?? 0);
      expect(shown + left).toBe(count);
      expect(shown).toBeGreaterThan(0);
      expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
    }),
    cases(10),
  );
});

test("the smallest comment has the worst domain, whatever all texts and addresses are", () => {
  const anyText = fc
    .tuple(fc.oneof(anyHostile, fc.constant("| `")), fc.constantFrom(1, 30, 500))
    .map(([text, count]) => `${text} `.repeat(count));
  const anyStep = fc
    .record({
      name: anyText,
      host: anyText,
      file: anyText,
      memory: fc.constantFrom("1100MiB", "64GiB", "1259MiB"),
    })
    .map(({ name, host, file, memory }) =>
      updateStep({
        ...{ name: `${name}!`, uri: host },
        before: { name: `${name}-domain`, disks: [{ name: file, file }] as never },
        now: { disks: [] as never, memory: memory as never },
      }),
    );
  const anyReview = fc.record({
    steps: fc.uniqueArray(anyStep, { minLength: 1, maxLength: 20, selector: ({ urn }) => urn }),
    others: fc.array(fc.constantFrom("create", "delete", "update", "replace", "import"), { maxLength: 20 }),
    messages: fc.array(fc.record({ name: anyText, message: anyText }), { maxLength: 3 }),
    docs: fc.integer({ min: 1, max: 190 }).map((length) => `https://x/${"y".repeat(length)}`),
  });
  fc.assert(
    fc.property(anyReview, ({ steps, others, messages, docs }) => {
      const rest = others.map((op, index) => ({ op, urn: urnOf(`o${index}`, "a:b:C"), newState: {} }));
      const errors = [
        { severity: "error", message: "broken" },
        ...messages.map(({ name, message }) => ({ urn: urnOf(name), severity: "error", message })),
      ];
      const review = reviewOf(parseOutput(preview([...steps, ...rest], errors), "the preview"));
      const comparison = {
        ...{ changed: [], appeared: [] },
        gone: messages.map(({ name, message }) => ({ resource: name, from: message })),
      };
      const text = markdown(review, { docs, limit: LEAST_LIMIT, comparison });
      expect(text.length).toBeLessThanOrEqual(LEAST_LIMIT);
      const [, [mark, name = ""] = []] = render(text).tables[0] ?? [];
      expect(mark).not.toBe("…");
      const beginning = seen(review.domains[0]?.resource ?? "").slice(0, 3);
      expect(seen(name).slice(0, 3).startsWith(beginning.trim())).toBe(true);
    }),
    cases(60),
  );
});

test("what is summed up is never worse than what is shown", () => {
  const steps = Array.from({ length: 300 }, (_, index) =>
    updateStep({ name: `vm-${index}`, now: { memory: index % 100 === 0 ? "1100MiB" : "1259MiB" } }),
  );
  const rows = render(comment(steps, 8_000)).tables[0] ?? [];
  expect(rows.slice(1, 4).map(([, , , , , outcome]) => outcome)).toEqual(["replace", "replace", "replace"]);
  expect(rows.at(-1)?.[6]).toMatch(/^\d+ live$/);
});

test("a comment can be found again, and is one line where nothing changes", () => {
  expect(comment(mixedFleet()).startsWith(`${COMMENT_MARK}\n`)).toBe(true);
  expect(comment([])).toBe(`${COMMENT_MARK}\nNo libvirt domain changes.\n`);
  const other = { op: "create", urn: "urn:pulumi:prod::fleet::other:index:Network::n", newState: {} };
  expect(comment([other])).toBe(
    `${COMMENT_MARK}\nNo libvirt domain changes. Other resources, not judged: 1 create.\n`,
  );
});

test("each reason links to its heading", () => {
  expect(render(comment([updateStep({ now: { memory: "1100MiB" } })])).links).toEqual([
    `${DOCS}#not-aligned`,
  ]);
});

test("a domain has its map, in a code block that its names can't end", () => {
  const { html } = render(comment([updateStep({ name: "```\n</pre>" }), createStep(), deleteStep()]));
  const maps = [...html.matchAll(/<pre><code[^>]*>(.*?)<\/code><\/pre>/gs)].map(([, map = ""]) => map);
  expect(maps).toHaveLength(3);
  expect(maps.some((map) => /^after {4}0+a+·+$/m.test(map))).toBe(true);
  expect(maps.some((map) => /a {2}DIMM in slot 0, node 0 +256 MiB {2}new/.test(map))).toBe(true);
  for (const map of maps) for (const line of map.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});
