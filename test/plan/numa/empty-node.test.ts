import { expect, test } from "vitest";
import { supportsEmptyNode } from "../../../provider/plan/platform.ts";

test.each([
  ["pc-q35-2.12", true],
  ["pc-q35-4.0.1", true],
  ["pc-i440fx-4.2", true],
  ["virt-5.0", true],
  ["pc-q35-5.1", false],
  ["virt-7.2", false],
  ["pc-q35-10.0", false],
  // Aliases of the newest one.
  ["q35", false],
  [undefined, false],
])("%s starts with a node of 0 KiB: %s", (machine, takes) => {
  expect(supportsEmptyNode(machine)).toBe(takes);
});
