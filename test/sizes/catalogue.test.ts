import { expect, expectTypeOf, test } from "vitest";
import type { DomainArgs } from "../../sdk/domain-args.ts";
import { type CatalogueSize, catalogue } from "../../sdk/sizes.ts";

const STEPS = { step: "1GiB", ceiling: "32GiB" };

test("a program knows the names of its sizes, and each size is arguments of a domain", () => {
  const sizes = catalogue({
    ...STEPS,
    sizes: { small: { memory: "2GiB", vcpus: 1 }, constructor: { memory: "4GiB", vcpus: 2 } },
  });
  expectTypeOf<keyof typeof sizes>().toEqualTypeOf<"small" | "constructor">();
  expectTypeOf(sizes.small).toEqualTypeOf<CatalogueSize>();
  // @ts-expect-error: a name that the catalogue doesn't have
  expect(sizes.medium).toBeUndefined();
  const args = { ...sizes.small, disks: [{ file: "/images/web-1.qcow2" }] } satisfies DomainArgs;
  expect(args).toMatchObject({ memory: "2048MiB", maxMemory: "32768MiB", maxVcpus: 2 });
  expect(sizes.constructor).toMatchObject({ memory: "4096MiB" });
});

test("wrong arguments are type errors, and all reasons are in one error", () => {
  const wrong = () =>
    catalogue({
      ceiling: "32GiB",
      // @ts-expect-error: a misspelled key
      stp: "1GiB",
      sizes: {
        small: { memory: 0 },
        medium: { memory: "64GiB", vcpus: 0 },
      },
    });
  expect(wrong).toThrow(`the catalogue of sizes is refused:
  stp: is not a key of a catalogue; did you mean "step"?
  sizes.small.memory: must be greater than 0, e.g. "4GiB", "1003MiB" or 4096 (MiB)
  sizes.medium.vcpus: must be a whole number from 1 to 4096
  sizes.medium.memory: is 64 GiB, above the ceiling (32 GiB)`);
});

test("a memory that isn't a size is a type error, and is refused", () => {
  // @ts-expect-error: not a size
  const wrong = () => catalogue({ ceiling: "32GiB", sizes: { small: { memory: true } } });
  expect(wrong).toThrow('sizes.small.memory: is not a valid size; use e.g. "4GiB"');
});

test("steps that aren't live are all in one error", () => {
  const sizes = { m: { memory: "66GiB" }, l: { memory: "67GiB" }, x: { memory: "69GiB" } };
  const thrown = () => catalogue({ step: "1GiB", ceiling: "128GiB", memorySlots: 1, sizes });
  expect(thrown).toThrow(/sizes\.l: is not live from m: .*\n {2}sizes\.x: is not live from (m|l)/s);
});
