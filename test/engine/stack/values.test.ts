import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  containsSecret,
  containsUnknown,
  equal,
  fromState,
  markSecretsLike,
  type Props,
  propsFromWire,
  propsToProvider,
  SIGNATURE,
  secret,
  toState,
  UNKNOWN,
  type Value,
  withoutSecretMarks,
} from "./values.ts";

const { value } = fc.letrec<{ value: Value; props: Props }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.constant(UNKNOWN),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("props"),
    tie("value").map(secret),
  ),
  props: fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie("value"), { maxKeys: 3 }),
}));
const props = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), value, { maxKeys: 4 });

test.prop([props])("the state file gives back what was written", (given) => {
  expect(equal(fromState(JSON.parse(JSON.stringify(toState(given)))), given)).toBe(true);
});

test.prop([props])("what travels arrives", (given) => {
  expect(equal(propsFromWire(given), given)).toBe(true);
});

test.prop([props])("a provider that takes neither sees no secret marks and no unknowns", (given) => {
  const sent = propsToProvider(given, { unknowns: "drop" });
  expect(containsSecret(sent) || containsUnknown(sent)).toBe(false);
  expect(containsUnknown(propsToProvider(given, { unknowns: "keep" }))).toBe(containsUnknown(given));
});

test.prop([props])("a provider that answers what it got has its secrets marked again", (given) => {
  const answered = markSecretsLike(propsToProvider(given, { unknowns: "keep" }), given);
  for (const [key, sent] of Object.entries(given)) {
    expect(containsSecret(answered[key] ?? null)).toBe(containsSecret(sent));
  }
});

describe("special values on the wire", () => {
  const output = { [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4" };
  const reference = { [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "urn:x" };
  test("an output value is its value, secret if it says so, and unknown if it has none", () => {
    const given = {
      plain: { ...output, value: 1 },
      hidden: { ...output, value: 1, secret: true },
      open: output,
    };
    expect(propsFromWire(given)).toEqual({ plain: 1, hidden: secret(1), open: UNKNOWN });
  });
  test("a provider gets a resource's id, and a component's URN", () => {
    const given = {
      resource: { ...reference, id: "one" },
      component: reference,
      new: { ...reference, id: "" },
    };
    expect(propsToProvider(given, { unknowns: "keep" })).toEqual({
      resource: "one",
      component: "urn:x",
      new: UNKNOWN,
    });
  });
  test("a list with a secret in it becomes secret whole", () => {
    expect(markSecretsLike({ list: [1, 2] }, { list: [1, secret(2)] })).toEqual({ list: secret([1, 2]) });
    expect(withoutSecretMarks({ list: secret([1, secret(2)]) })).toEqual({ list: [1, 2] });
  });
  test("a secret that was stored encrypted can't be read", () => {
    const stored = { a: { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:…" } };
    expect(() => fromState(stored)).toThrow(/plaintext only/);
  });
});
