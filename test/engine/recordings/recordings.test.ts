import { describe, test } from "vitest";
import { RACING } from "./failure-scenarios.ts";
import { pluginScenarios } from "./plugin-scenarios.ts";
import { record, recorded } from "./recording.ts";
import { scenarios } from "./scenarios.ts";

/** What Pulumi's own hosts have a part in: secrets, unknown values, partial failures, and how a program ends. */
const OF_HOSTS = [
  "component_secret",
  "unknowns",
  "partial_refresh",
  "program_throws",
  "create_fails_continue",
  "create_fails_inflight",
];

describe("does what the real CLI v3.260 did, with program and provider in one process", () => {
  test.for(Object.entries(scenarios))("%s", async ([name, steps], { expect }) => {
    expect(await record(steps, "in-process", RACING[name])).toEqual(recorded(name, RACING[name]));
  });
});

// A scenario starts up to 26 host processes; several scenarios run at a time.
describe.concurrent("does the same with Pulumi's own hosts", { timeout: 300_000 }, () => {
  const ofHosts = Object.entries(scenarios).filter(([name]) => OF_HOSTS.includes(name));
  test.for(ofHosts)("%s", async ([name, steps], { expect }) => {
    expect(await record(steps, "hosts", RACING[name])).toEqual(recorded(name, RACING[name]));
  });
});

// A resource plugin is always a process of its own.
describe.concurrent("does what the real CLI v3.260 did with a resource plugin", { timeout: 300_000 }, () => {
  test.for(Object.entries(pluginScenarios))("%s", async ([name, steps], { expect }) => {
    expect(await record(steps, "plugin")).toEqual(recorded(name));
  });
});
