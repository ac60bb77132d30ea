import { test as forAll } from "@fast-check/vitest";
import fc from "fast-check";
import { expect, test } from "vitest";
import { draw } from "../../provider/explain/drawing.ts";
import { explain } from "../../provider/explain/explanation.ts";
import type { ExplainOptions } from "../../provider/explain/options.ts";
import type { Observation } from "../../provider/observe/observe.ts";
import { anyObserved } from "../support/arbitrary-domain.ts";
import { at, observation, URI } from "../support/observations.ts";
import { running, theirs } from "../support/scene.ts";

const PAGE = { columns: 80, color: false };
const drawn = (of: Observation, options: ExplainOptions = {}) => draw(explain(URI, of, options), PAGE);

const anyObservation = anyObserved.map((observed) => observation(observed));
const anyColumns = fc.integer({ min: 60, max: 100 });

forAll.prop([anyObservation, anyColumns])("a drawing is never wider than the terminal", (of, columns) => {
  const text = draw(explain(URI, of, { memory: "2027MiB" }), { columns, color: false });
  for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(columns);
});

forAll.prop([anyObservation])("colours change nothing but colours", (of) => {
  const colored = draw(explain(URI, of, { memory: "2027MiB" }), { columns: 80, color: true });
  expect(colored).toContain("\x1b[");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  expect(colored.replace(/\x1b\[\d+m/g, "")).toBe(drawn(of, { memory: "2027MiB" }));
});

forAll.prop([anyObservation])("every part of the map is in the bar and in the table", (of) => {
  const { observed } = of;
  const map = observed.live ?? observed.nextBoot;
  const lines = drawn(of).split("\n");
  const bar = lines.find((line) => /^(now|next boot) {2}/.test(line))?.slice(11);
  const keys = lines.flatMap((line) => /^ {2}([0-9a-zA-Z]) {2}(?:base|dimm) /.exec(line)?.[1] ?? []);
  const here = (map?.cells.length ?? 0) + (map?.devices.length ?? 0);
  expect(keys.length).toBeGreaterThanOrEqual(here);
  for (const key of keys.slice(0, here)) expect(bar).toContain(key);
});

test("a domain with more devices than a line has characters is drawn", () => {
  const devices = Array.from({ length: 250 }, (_, slot) => at(slot * 256, theirs(slot, 256)));
  const text = drawn(observation(running({ devices, max: 131_072, slots: 256 })));
  expect(text).toMatch(/^now {8}\S{69}$/m);
  expect(text).toContain("6 of 256 slots free: 250–255");
});
