import { describe, test } from "vitest";
import { RACING } from "./failure-scenarios.ts";
import { record, recorded } from "./recording.ts";
import { scenarios } from "./scenarios.ts";

// A scenario starts up to 26 host processes; several scenarios run at a time.
describe.concurrent("does what the real CLI v3.260 did", { timeout: 300_000 }, () => {
  test.for(Object.entries(scenarios))("%s", async ([name, steps], { expect }) => {
    expect(await record(steps, RACING[name])).toEqual(recorded(name, RACING[name]));
  });
});
