import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { type DeviceClaim, isClash } from "../../provider/args/device-claims.ts";
import { RunNotes } from "../../provider/run-notes.ts";
import { growth, MOST_GROWTH } from "../support/count-steps.ts";
import { cases } from "../support/properties.ts";

const URI = "qemu:///system";

const disk = (key: string, writes = true): DeviceClaim => ({
  ...{ property: "disks[0].file", kind: "disk", key, writes },
  ...{ runs: true, isNew: true },
});

const claims: fc.Arbitrary<DeviceClaim[]> = fc.array(
  fc.record({
    property: fc.constant("disks[0].file"),
    kind: fc.constantFrom("disk", "mac"),
    key: fc.constantFrom("a", "b"),
    writes: fc.boolean(),
    runs: fc.boolean(),
    isNew: fc.boolean(),
  }),
  { maxLength: 3 },
);

describe("the devices of a program's domains", () => {
  property.prop(
    [fc.array(fc.record({ uri: fc.constantFrom("u", "v"), urn: fc.constantFrom("x", "y", "z"), claims }))],
    cases(300),
  )("clash with what any other resource of the same host claimed last", (all) => {
    const run = new RunNotes();
    const last = new Map<string, { uri: string; claims: DeviceClaim[] }>();
    for (const { uri, urn, claims } of all) {
      last.delete(urn);
      const isTaken = (claim: DeviceClaim) =>
        [...last.values()].some(
          (one) => one.uri === uri && one.claims.some((theirs) => isClash(claim, theirs)),
        );
      const clashes = run.claimDevices(uri, claims, urn);
      expect(clashes.map(({ claim }) => claim)).toEqual(claims.filter(isTaken));
      for (const { claim, owner } of clashes)
        expect(last.get(owner)?.claims.some((theirs) => isClash(claim, theirs))).toBe(true);
      last.set(urn, { uri, claims });
    }
  });
});

describe("the names of a program's domains", () => {
  test("are held until their resource takes another one", () => {
    const run = new RunNotes();
    expect(run.claimName(URI, "web", "x")).toBeUndefined();
    expect(run.claimName(URI, "web", "y")).toBe("x");
    expect(run.claimName("qemu+ssh://b/system", "web", "y")).toBeUndefined();
    expect(run.claimName(URI, "db", "x")).toBeUndefined();
    expect(run.claimName(URI, "web", "y")).toBeUndefined();
    expect(run.claimName(URI, "web", "y")).toBeUndefined();
  });
});

test("the claims of a program take time in proportion to its domains", async () => {
  const work = (count: number) => () => {
    const run = new RunNotes();
    for (let n = 0; n < count; n++) {
      run.claimName(URI, `vm-${n}`, `urn-${n}`);
      run.claimDevices(URI, [disk(`/images/vm-${n}.qcow2`)], `urn-${n}`);
    }
  };
  expect(await growth(work, [50, 200])).toBeLessThan(MOST_GROWTH);
});
