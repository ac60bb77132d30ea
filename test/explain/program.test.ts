import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { explain } from "../../provider/explain/explanation.ts";
import { observation, URI } from "../support/observations.ts";
import { MIB, running } from "../support/scene.ts";

describe("all options that are wrong are reported at once, in the messages of the arguments", () => {
  test.each([
    [{ memory: "1259" }, 'size "1259": has no unit; did you mean "1259MiB"?'],
    [{ memory: "0MiB" }, /^size "0MiB": must be greater than 0, e.g. /],
    [{ memory: "1.5MiB" }, 'size "1.5MiB": is not a whole number of MiB; use "1MiB" or "2MiB"'],
    [{ targetNode: "7" }, '--target-node "7": is not a node of the domain, which only has node 0'],
    [{ targetNode: "all" }, '--target-node "all": must be the number of a NUMA node (from 0) or "spread"'],
    [{ whenNotPossible: "wait" }, /^--when-not-possible "wait": must be one of "replace", "restart"/],
    [{ memory: "2GiB", maxMemory: "1GiB" }, /^size "2GiB": is 2048 MiB, above maxMemory \(1024 MiB\)/],
    [
      { memory: "much", alignment: "100MiB" },
      /^size "much": is not a valid size; .*\n--alignment "100MiB": is 100 MiB; it must be a power of two/,
    ],
  ])("%o", (options, message) => {
    expect(() => explain(URI, observation(running()), options)).toThrow(message);
  });

  test("a size that the domain has, and no program could have, is not an error", () => {
    const cap = DEFAULTS.maxMemory64Bit / MIB;
    const large = observation(running({ cells: [2 * cap], max: 4 * cap }));
    expect(explain(URI, large).reachable.up?.from).toBeGreaterThan(2 * cap * MIB);
    expect(() => explain(URI, large, { memory: `${3 * cap}MiB` })).toThrow("above the limit of");
  });
});
