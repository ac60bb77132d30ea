import { expect, test } from "vitest";
import { suggestion } from "../../provider/args/suggestion.ts";

const NAMES = ["memory", "maxMemory", "uri"];
const ALL = "expected one of memory, maxMemory, uri";

test.each([
  ["memry", 'did you mean "memory"?'],
  ["MAXMEMORY", 'did you mean "maxMemory"?'],
  ["zebra", ALL],
  ["", ALL],
  // Without a comparison, whose steps grow with the length.
  ["memory".repeat(1_000_000), ALL],
])("%.20s: %s", (name, hint) => expect(suggestion(name, NAMES)).toBe(hint));
