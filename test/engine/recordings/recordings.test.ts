import { describe, test } from "vitest";
import { record, recorded } from "./recording.ts";
import { scenarios } from "./scenarios.ts";

describe.concurrent("does what the real CLI v3.260 did", () => {
  test.for(Object.entries(scenarios))("%s", async ([name, steps], { expect }) => {
    expect(await record(steps)).toEqual(recorded(name));
  });
});
