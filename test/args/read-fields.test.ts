import { fc, test as property } from "@fast-check/vitest";
import { expect } from "vitest";
import { readFields } from "../../provider/args/read-fields.ts";
import { parsed, wholeNumber } from "../../provider/args/schema.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { readCatalogue } from "../../provider/sizes/catalogue-args.ts";
import { readFleet } from "../../provider/sizes/fleet.ts";
import { parseSize } from "../../provider/units/size.ts";
import { readSettings } from "../../sdk/policy/settings.ts";
import { cases } from "../support/properties.ts";

const FIELDS = {
  size: { schema: parsed(parseSize), required: ', e.g. "4GiB"' },
  count: { schema: wholeNumber(1, 9) },
};
const FORM = { key: "key of a thing", otherwise: "must be an object with size and count" };

/** Names of the prototype are keys like others. */
const anyKey = fc.oneof(
  fc.constantFrom("size", "count", "__proto__", "constructor", "toString", "sizes", "onUnknown", "memory"),
  fc.string(),
);
const anyValue = fc.oneof(fc.jsonValue(), fc.constantFrom(undefined, null, UNKNOWN, 4, "4GiB", Number.NaN));
/** Not a literal: `__proto__` is a key of its own. */
const anyObject = fc.array(fc.tuple(anyKey, anyValue)).map((entries) => Object.fromEntries(entries));

property.prop([fc.oneof(anyObject, anyValue)], cases(500))(
  "each key is either read or refused, all at once, and nothing is thrown",
  (given) => {
    const { values, failures } = readFields(given, FIELDS, FORM);
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
      const reason = given === UNKNOWN ? "must be known in a preview" : FORM.otherwise;
      expect({ values, failures }).toEqual({ values: {}, failures: [{ property: "", reason }] });
      return;
    }
    const set = Object.entries(given).filter(
      ([key, value]) => value !== undefined || !Object.hasOwn(FIELDS, key),
    );
    const refused = new Set(failures.map(({ property }) => property));
    const missing = set.some(([key]) => key === "size") ? 0 : 1;
    expect(Object.keys(values).length + refused.size).toBe(set.length + missing);
    for (const { reason } of failures)
      expect(reason).toMatch(
        /^(is not a key of a thing; |is required, |is empty; |must be |is |exceeds |has no)/,
      );
  },
);

const WORDS = "is empty; set a value, or leave it out";

property.prop([anyObject], cases(200))(
  "catalogues, lists of VMs and settings of policies have the same words",
  (given) => {
    readCatalogue(given);
    readFleet(given);
    const table = { slots: { ...FIELDS.count, describe: {} }, size: { ...FIELDS.size, describe: {} } };
    const typo = { slot: 1, slots: null, size: null };
    expect(readSettings(table, { ...given, ...typo }).failures).toEqual(
      expect.arrayContaining([
        { property: "slot", reason: 'is not a setting of this rule; did you mean "slots"?' },
        { property: "slots", reason: WORDS },
        { property: "size", reason: 'is required, e.g. "4GiB"' },
      ]),
    );
    expect(readCatalogue({ stp: 1, step: null, ceiling: null }).failures).toEqual(
      expect.arrayContaining([
        { property: "stp", reason: 'is not a key of a catalogue; did you mean "step"?' },
        { property: "step", reason: WORDS },
        { property: "ceiling", reason: expect.stringMatching(/^is required/) },
      ]),
    );
    expect(readFleet([{ vcpu: 1, vcpus: null, memory: null }]).failures).toEqual([
      { property: "[0].vcpu", reason: 'is not a key of a VM; did you mean "vcpus"?' },
      { property: "[0].memory", reason: 'is required, e.g. "4GiB"' },
      { property: "[0].vcpus", reason: WORDS },
    ]);
  },
);
