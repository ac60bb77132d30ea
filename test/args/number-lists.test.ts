import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import { readNumbers, writeNumbers } from "../../provider/units/number-list.ts";
import { hidden } from "../support/arbitrary-inputs.ts";

/** Every argument with a list of vCPUs or host nodes. */
const ARGUMENTS = {
  "numa[0].cpus": (list: string) => ({ numa: [{ memory: 1024, cpus: list }] }),
  "hotplug.source.nodeset": (list: string) => ({ hotplug: { source: { nodeset: list } } }),
};

const DESCENDING = 'has a range that ends before it starts; write "2-5" instead of "5-2"';
const EMPTY = "is empty: every number in it is excluded";
const NO_LIST = 'must be a list such as "0-1,4"';

function failures(args: object) {
  return checkInputs({}, { ...hidden, memory: 1024, vcpus: 64, ...args }).failures;
}

describe.each(Object.entries(ARGUMENTS))("%s", (path, withList) => {
  test.each([
    ["5-2", DESCENDING],
    ["0,7-3", DESCENDING],
    ["0,^0", EMPTY],
    ["0-1,^1,^0", EMPTY],
    ["0-3,^1-2", NO_LIST],
    ["^0", NO_LIST],
    ["^0,1", NO_LIST],
    ["", NO_LIST],
    ["0,", NO_LIST],
    ["0 1", NO_LIST],
    ["1-2-3", NO_LIST],
  ])("%j is refused", (list, reason) => {
    expect(failures(withList(list))).toEqual([{ property: path, reason }]);
  });

  test.each(["0", "0-1,4", "2-2", "0-3,^2", "0-3,^1,^2,9", "0,0"])("%j is accepted", (list) => {
    expect(failures(withList(list))).toEqual([]);
  });

  /** libvirt's own reading (virBitmapParse): one number or range after the other, and only a number after "^". */
  function accepts(list: string): boolean {
    const found = new Set<number>();
    for (const part of list.split(",")) {
      const [, caret, first, last] = /^(\^?)(\d+)(?:-(\d+))?$/.exec(part) ?? [];
      if (first === undefined || (caret !== "" && last !== undefined)) return false;
      if (last !== undefined && Number(last) < Number(first)) return false;
      for (let number = Number(first); number <= Number(last ?? first); number++)
        caret === "" ? found.add(number) : found.delete(number);
    }
    return found.size > 0 && !list.startsWith("^");
  }

  const parts = fc.tuple(
    fc.constantFrom("", "", "^"),
    fc.nat(9),
    fc.option(fc.nat(9), { nil: undefined, freq: 2 }),
  );
  property.prop([fc.array(parts, { minLength: 1, maxLength: 4 })])(
    "is refused exactly where libvirt refuses it, or where it is empty",
    (all) => {
      const list = all
        .map(([caret, first, last]) => `${caret}${first}${last === undefined ? "" : `-${last}`}`)
        .join();
      expect(failures(withList(list)).length === 0).toBe(accepts(list));
    },
  );
});

property.prop([fc.uniqueArray(fc.nat(70), { minLength: 1 })])(
  "a list is read as it was written",
  (numbers) => {
    expect(readNumbers(writeNumbers(numbers))).toEqual([...numbers].sort((a, b) => a - b));
  },
);
