import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";
import { cases } from "../support/properties.ts";
import { mixedFleet, preview } from "./fleet.ts";

const log = readFileSync(join(import.meta.dirname, "recorded/plugin/up.events.json"), "utf8");
/** Without what the engine logs for itself, which is ignored. */
const events = log.split("\n").filter((line) => !line.includes('"severity":"debug"') && line !== "");

type Json = unknown;

const anyValue: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    0,
    -1,
    1e308,
    "",
    "x",
    [],
    {},
    [null],
    { a: {} },
    "[secret]",
    "constructor",
  ),
  fc.constantFrom<Json>("__proto__", "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "1259MiB", 4, [[]], {
    memory: [],
  }),
);

/** Every place in a document. */
function places(value: Json): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [key],
    ...places(inner).map((rest) => [key, ...rest]),
  ]);
}

function replaced(value: Json, [key = "", ...rest]: string[], by: Json): Json {
  const copy: Record<string, Json> | Json[] = Array.isArray(value) ? [...value] : { ...(value as object) };
  const inner = Reflect.get(copy, key);
  Reflect.set(copy, key, rest.length === 0 ? by : replaced(inner, rest, by));
  return copy;
}

/** Either a review, or a sentence: never an exception. */
async function expectReviewOrSentence(input: string, ...args: string[]): Promise<void> {
  const { code, out, error } = await commandLine(["review", ...args], input);
  if (code === 2) {
    expect(out).toBe("");
    expect(error).toMatch(/^pulumi-libvirt-hotplug: standard input/);
  } else {
    expect(error).toBe("");
    expect(out).not.toBe("");
  }
}

describe("whatever is in the place of a value, a review or a sentence comes out", () => {
  const document = JSON.parse(preview(mixedFleet()));
  test("in a preview", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...places(document)),
        anyValue,
        fc.constantFrom("markdown", "json"),
        (place, value, format) =>
          expectReviewOrSentence(JSON.stringify(replaced(document, place, value)), "--format", format),
      ),
      cases(250),
    );
  });

  test("in a log", async () => {
    const parsed = events.map((line) => JSON.parse(line) as Json);
    const anyPlace = fc
      .nat({ max: parsed.length - 1 })
      .chain((index) =>
        fc.record({ index: fc.constant(index), place: fc.constantFrom(...places(parsed[index])) }),
      );
    await fc.assert(
      fc.asyncProperty(anyPlace, anyValue, fc.boolean(), async ({ index, place }, value, isOver) => {
        const lines = parsed.map((event, at) =>
          JSON.stringify(at === index ? replaced(event, place, value) : event),
        );
        await expectReviewOrSentence(lines.join("\n"), ...(isOver ? ["--after"] : []));
      }),
      cases(80),
    );
  });
});

test("wherever an output is cut off, it is a sentence", async () => {
  const text = preview(mixedFleet().slice(0, 2));
  const inDocument = fc.record({ text: fc.constant(text), end: fc.nat({ max: text.length - 2 }) });
  const lines = events.join("\n");
  const inLog = fc.record({
    text: fc.constant(lines),
    end: fc.nat({ max: lines.lastIndexOf('"summaryEvent"') }),
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(inDocument, inLog), async ({ text, end }) => {
      const { code, out, error } = await commandLine(["review"], text.slice(0, end));
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(error.trimEnd().split("\n")).toHaveLength(1);
    }),
    cases(100),
  );
});
