import { fc, test } from "@fast-check/vitest";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { describe, expect, it } from "vitest";
import { SIGNATURE } from "../../provider/args/secret-mark.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { withMarksAt } from "../../provider/plugin/secrets.ts";
import { received, secret, sent } from "../../provider/plugin/values.ts";

const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

interface Built {
  wire: unknown;
  plain: unknown;
  /** Paths below this value. */
  secrets: string[];
}

const name = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,6}$/).filter((text) => text !== "value");

const leaf: fc.Arbitrary<Built> = fc
  .oneof(
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.string({ unit: "grapheme" }),
    fc.constant(null),
    fc.constant(UNKNOWN),
  )
  .map((value) => ({ wire: value, plain: value, secrets: [] }));

/** A value as the engine may send it: with secrets and outputs around any part of it. */
const { tree } = fc.letrec<{ tree: Built; object: Built }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("tree"), { maxLength: 3 }).map((items) => ({
      wire: items.map(({ wire }) => wire),
      plain: items.map(({ plain }) => plain),
      secrets: items.flatMap(({ secrets }, index) => secrets.map((path) => `[${index}]${path}`)),
    })),
    tie("object"),
    tie("tree").map(({ wire, plain }) => ({ wire: secret(wire), plain, secrets: [""] })),
    fc.tuple(tie("tree"), fc.boolean()).map(([{ wire, plain, secrets }, isSecret]) => ({
      wire: { [SIGNATURE]: OUTPUT, value: wire, secret: isSecret, dependencies: ["urn:x"] },
      plain,
      secrets: isSecret ? [""] : secrets,
    })),
    fc.boolean().map((isSecret) => ({
      wire: { [SIGNATURE]: OUTPUT, secret: isSecret },
      plain: UNKNOWN,
      secrets: isSecret ? [""] : [],
    })),
  ),
  object: fc.dictionary(name, tie("tree"), { maxKeys: 4, noNullPrototype: true }).map((entries) => ({
    wire: Object.fromEntries(Object.entries(entries).map(([key, { wire }]) => [key, wire])),
    plain: Object.fromEntries(Object.entries(entries).map(([key, { plain }]) => [key, plain])),
    secrets: Object.entries(entries).flatMap(([key, { secrets }]) => secrets.map((path) => `.${key}${path}`)),
  })),
}));

const properties = fc.dictionary(name, tree, { maxKeys: 5, noNullPrototype: true });

describe("properties on the wire", () => {
  test.prop([properties])("come as plain values and the paths of the secret ones", (entries) => {
    const wire = Object.fromEntries(Object.entries(entries).map(([key, built]) => [key, built.wire]));
    const { value, secrets, failures } = received(sent(wire));
    expect(failures).toEqual([]);
    expect(value).toEqual(
      Object.fromEntries(Object.entries(entries).map(([key, { plain }]) => [key, plain])),
    );
    const paths = Object.entries(entries).flatMap(([key, built]) => built.secrets.map((path) => key + path));
    expect(secrets.toSorted()).toEqual(paths.toSorted());
  });

  test.prop([properties])("go back as they came, each secret at its place", (entries) => {
    const wire = Object.fromEntries(Object.entries(entries).map(([key, built]) => [key, built.wire]));
    const first = received(sent(wire));
    const bytes = sent(withMarksAt(first.value, first.secrets)).serializeBinary();
    expect(received(structs.Struct.deserializeBinary(bytes))).toEqual(first);
  });

  it.each([
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
  ])("the marker of an unknown value of another type is unknown: %s", (marker) => {
    expect(received(sent({ disks: [{ file: marker }] })).value).toEqual({ disks: [{ file: UNKNOWN }] });
  });

  it.each([
    ["5cf8f73096256a8f31e491e813e4eb8e", "a resource"],
    ["c44067f5952c0a294b673a41bacd8c17", "an asset"],
    ["0def7320c3a5731c473e5ecbe6d01bc7", "an archive"],
  ])("what isn't plain data is refused at its place: %s", (signature, what) => {
    const wire = sent({ boot: { kernel: secret({ [SIGNATURE]: signature, text: "x", urn: "y" }) } });
    expect(received(wire).failures).toEqual([
      { property: "boot.kernel", reason: `must be plain data, but is ${what}` },
    ]);
  });

  it.each(["constructor", "toString", "hasOwnProperty"])(
    "a name that JavaScript's objects have is a name like any other: %s",
    (name) => {
      const { value } = received(sent({ [name]: { a: 1 } }));
      expect(Object.entries(value)).toEqual([[name, { a: 1 }]]);
    },
  );

  it("what is undefined is absent, at any depth", () => {
    expect(sent({ a: undefined, b: [{ c: undefined }] }).toJavaScript()).toEqual({ b: [{}] });
  });
});
