import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf } from "../../provider/review/review.ts";
import { commandLine } from "../command/command-line.ts";
import { cases } from "../support/properties.ts";
import { type PreviewStep, preview, updateStep } from "./fleet.ts";

function recorded(file: string): string {
  const text = readFileSync(join(import.meta.dirname, "recorded/plugin", file), "utf8");
  // Without what the engine logs for itself, which is ignored.
  return text.replace(/^\{.*"severity":"debug".*\n/gm, "");
}

const ofStack = (text: string, stack: string) =>
  text.replaceAll("urn:pulumi:prod::", `urn:pulumi:${stack}::`);

const RUNS = {
  document: recorded("preview.json"),
  preview: recorded("preview.events.json"),
  update: recorded("up.events.json"),
};

const anyRun = fc.record({
  kind: fc.constantFrom("document", "preview", "update"),
  stack: fc.constantFrom("prod", "prod", "dev"),
});

test("only the preview and the update of one stack are reviewed together", async () => {
  const isWhole = ([first, second, ...rest]: { kind: string; stack: string }[]) =>
    rest.length === 0 &&
    (second === undefined ||
      (first?.kind !== "update" && second.kind === "update" && first?.stack === second.stack));
  await fc.assert(
    fc.asyncProperty(fc.array(anyRun, { minLength: 1, maxLength: 3 }), async (runs) => {
      const text = runs.map(({ kind, stack }) => ofStack(RUNS[kind], stack)).join("");
      const { code, out, error } = await commandLine(["review"], text);
      if (isWhole(runs)) expect({ code, error }).toEqual({ code: 0, error: "" });
      else {
        expect({ code, out }).toEqual({ code: 2, out: "" });
        expect(error).toMatch(
          /has (more than one (run|document)|a preview of stack "fleet\/\w+", but an update of).*separately$/m,
        );
      }
    }),
    cases(40),
  );
});

test.each([
  ["a blank line between them", `${RUNS.document}\n\r\n${RUNS.update}`],
  ["the preview on one line", `${JSON.stringify(JSON.parse(RUNS.document))}\n${RUNS.update}`],
])("a preview and its update, with %s", async (_, text) => {
  const expected = await commandLine(["review", "--after"], RUNS.document + RUNS.update);
  expect(expected.code).toBe(0);
  expect(await commandLine(["review", "--after"], text)).toEqual(expected);
});

test("what is before a log, and isn't a preview, isn't ignored", async () => {
  const { code, error } = await commandLine(["review"], `{"steps": [\n${RUNS.update}`);
  expect(code).toBe(2);
  expect(error).toContain("ends in the middle of the JSON");
});

describe("colours in messages change nothing", () => {
  const files = ["preview.json", "refused.json", "by-hand.json", "preview.events.json"];
  const anyColour = fc.constantFrom(
    "<{%reset%}>",
    "<{%fg 1%}>",
    "<{%bold%}>",
    "\u001b[31m",
    "\u001b[0m",
    "\u001b[1;38;5;4m",
  );

  test.each(files)("%s", (file) => {
    const output = parseOutput(recorded(file), file);
    const { domains } = reviewOf(output);
    expect(output.diagnostics.length).toBeGreaterThan(0);
    fc.assert(
      fc.property(fc.array(anyColour, { minLength: 3, maxLength: 6 }), (colours) => {
        // At its beginning, between its words, and at its end.
        const coloured = (message: string) =>
          message.replace(
            /^|(?<=[\w:]) |(?=\n)|$/g,
            (blank, at: number) => colours[at % colours.length] + blank,
          );
        const text = recorded(file).replace(
          /("message": ?)("(?:[^"\\]|\\.)*")/g,
          (_, key, message) => `${key}${JSON.stringify(coloured(JSON.parse(message)))}`,
        );
        expect(reviewOf(parseOutput(text, file)).domains).toEqual(domains);
      }),
      cases(15),
    );
  });
});

describe("the log of another tool, and JSON that isn't an object, is called what it is", () => {
  test.each([
    [
      '{"@level":"info","@module":"terraform.ui"}\n{"@level":"info"}\n',
      /is the output of terraform plan -json/,
    ],
    ['{"level":"info"}\n{"level":"info"}\n', /has no "steps"/],
    ["[]", /is not an object/],
    ["null", /is not an object/],
    ['"{}"', /is not an object/],
  ])("%j", async (text, message) => {
    const { code, out, error } = await commandLine(["review"], text);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toMatch(message);
    expect(error).not.toMatch(/more than one|is not JSON/);
  });

  test("an earlier review that is empty", async () => {
    const { code, error } = await commandLine(["review", "--compare", "/dev/null"], preview([updateStep()]));
    expect(code).toBe(2);
    expect(error).toContain(
      '"/dev/null" is empty; write the output of an earlier review --format json to it',
    );
  });
});

test("a recorded domain without any memory isn't planned from", () => {
  const [domain] = reviewOf(
    parseOutput(preview([updateStep({ recorded: { __observed: { a: 1 } } })]), ""),
  ).domains;
  expect(domain).toMatchObject({ verdict: "unknown" });
  expect(domain?.questions.join()).toContain("the state in this preview can't be planned from");
});

describe("a domain that an earlier run deleted for a replace, and didn't create again, is created", () => {
  const step = updateStep({ now: { memory: "1100MiB", memoryPlan: "starts with 1100 MiB" } });
  const withState = (state: object): PreviewStep => ({
    ...step,
    op: "replace",
    ...(step.oldState && { oldState: { ...step.oldState, ...state } }),
  });
  const events = (...ops: string[]) =>
    [
      { sequence: 0, preludeEvent: { config: {} } },
      ...ops.flatMap((op) => {
        const { oldState, newState, urn } = step;
        const metadata = {
          op,
          urn,
          type: newState?.type,
          old: oldState,
          new: op === "delete-replaced" ? null : newState,
        };
        return [
          { sequence: 1, resourcePreEvent: { metadata } },
          { sequence: 1, resOutputsEvent: { metadata } },
        ];
      }),
      { sequence: 2, summaryEvent: { isPreview: true } },
    ]
      .map((event) => JSON.stringify(event))
      .join("\n");

  test.each([
    ["in a document", preview([withState({ pendingReplacement: true })])],
    ["in a log, which has no deletion of it", events("replace", "create-replacement")],
  ])("%s", (_, text) => {
    const review = reviewOf(parseOutput(text, "the preview"));
    expect(review.domains).toMatchObject([
      {
        ...{ verdict: "create", memory: { to: 1100 * 1024 } },
        headline: "an earlier run deleted it and ended before it created it again: starts with 1100 MiB",
      },
    ]);
    expect(review.domains[0]?.before).toBeUndefined();
    expect(review.hosts).toMatchObject([
      { domains: { from: 0, to: 1 }, memory: { from: 0, to: 1100 * 1024 } },
    ]);
  });

  test.each([
    ["in a document", preview([withState({})])],
    ...(
      [
        ["whose state the preview marks", { replaceReasons: ["memory"] }],
        ["with the difference that asks for it", { detailedDiff: { memory: { kind: "update-replace" } } }],
        ["with a trigger", { newState: { ...step.newState, replacementTrigger: 2 } }],
      ] as const
    ).map(([name, more]) => [name, preview([{ ...withState({ pendingReplacement: true }), ...more }])]),
    ["in a log", events("delete-replaced", "replace", "create-replacement")],
  ])("but one that is there is replaced: %s", (_, text) => {
    expect(reviewOf(parseOutput(text, "the preview")).domains).toMatchObject([
      { verdict: "replace", memory: { from: 1003 * 1024, to: 1100 * 1024 } },
    ]);
  });
});
