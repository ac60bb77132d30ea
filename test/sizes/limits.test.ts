import { expect, test } from "vitest";
import { readCatalogue } from "../../provider/sizes/catalogue-args.ts";
import { readFleet } from "../../provider/sizes/fleet.ts";
import { suggestCatalogue } from "../../provider/sizes/suggest.ts";
import { suggestionText } from "../../provider/sizes/suggestion-text.ts";
import { MIB } from "../support/scene.ts";

/** More than a call can have arguments, and less than a file of 4 MiB has. */
const MANY = 150_000;

test("a catalogue and a size with very many unknown keys are refused with all of them", () => {
  const keys = Object.fromEntries(Array.from({ length: MANY }, (_, index) => [`k${index}`, 1]));
  const memory = "1GiB";
  expect(readCatalogue({ ceiling: "2GiB", sizes: { a: { memory } }, ...keys }).failures.length).toBe(MANY);
  expect(readCatalogue({ ceiling: "2GiB", sizes: { a: { memory, ...keys } } }).failures.length).toBe(MANY);
});

test("very many VMs get a suggestion", () => {
  const { vms, failures } = readFleet(
    Array.from({ length: MANY }, (_, index) => ({ memory: 1024 + (index % 5000) })),
  );
  expect(failures).toEqual([]);
  const suggestion = suggestCatalogue(vms, { count: 6 });
  expect(suggestion.checked.failures).toEqual([]);
  expect(suggestion.nearest.length).toBe(MANY);
  expect(suggestion.nearest.every(({ vm, size }) => size.memory >= vm.memory && vm.memory >= MIB)).toBe(true);
  expect(suggestionText(suggestion)).toContain(`A catalogue for ${MANY} VMs`);
});
