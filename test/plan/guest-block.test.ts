import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { guestBlockOf } from "../../provider/plan/dimms/layout.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { definedDevices } from "../../provider/plan/virtio-mem/devices.ts";
import { ask, MIB, running, view } from "../support/scene.ts";

const GIB = 1024;

/** The last byte of boot memory, for sizes that don't fit below the hole: where the rest of the memory ends above 4 GiB. */
const rows: [machine: string | undefined, gib: number, blockMib: number][] = [
  // q35 has 2 GiB below 4 GiB.
  ["pc-q35-7.2", 32, 128],
  ["pc-q35-7.2", 61.875, 128],
  ["pc-q35-7.2", 62, 2048],
  ["pc-q35-7.2", 62.125, 128],
  ["pc-q35-7.2", 62.25, 256],
  ["pc-q35-7.2", 62.5, 512],
  ["pc-q35-7.2", 63, 1024],
  ["pc-q35-7.2", 64, 2048],
  ["pc-q35-7.2", 65, 1024],
  ["pc-q35-7.2", 1024, 2048],
  ["q35", 62, 2048],
  ["pc-q35-rhel9.2.0", 62, 2048],
  ["ubuntu-q35", 62, 2048],
  // The default where the program and the host name none.
  [undefined, 62, 2048],
  // i440fx has 3 GiB there, and 3.5 GiB up to version 1.7.
  ["pc-i440fx-7.2", 62, 128],
  ["pc-i440fx-7.2", 62.875, 128],
  ["pc-i440fx-7.2", 63, 2048],
  ["pc-i440fx-7.2", 64, 1024],
  ["pc-i440fx-7.2", 65, 2048],
  ["pc-i440fx-7.2", 70, 1024],
  ["pc-i440fx-7.2", 70.5, 512],
  ["pc-i440fx-rhel7.6.0", 63, 2048],
  ["pc", 63, 2048],
  ["ubuntu", 63, 2048],
  ["pc-i440fx-1.7", 63.5, 2048],
  ["pc-i440fx-1.7", 63, 128],
  ["pc-i440fx-2.0", 63, 2048],
  ["microvm", 63, 2048],
];

describe("the memory block of Linux on x86-64", () => {
  test.each(rows)("%s with %d GiB: %d MiB", (machine, gib, blockMib) => {
    const live = view({ cells: [gib * GIB], ...(machine !== undefined && { machine }) });
    expect(guestBlockOf(live).size).toBe(blockMib * MIB);
  });

  const machines = fc.constantFrom("pc-q35-7.2", "pc-i440fx-7.2");
  property.prop([machines, fc.integer({ min: 3584, max: 200 * GIB })])(
    "is what the end of boot memory is a multiple of, from an end of 64 GiB on",
    (machine, mib) => {
      const end = mib + (machine === "pc-q35-7.2" ? 2 : 1) * GIB;
      const { size } = guestBlockOf(view({ cells: [mib], machine }));
      const expected = [2048, 1024, 512, 256].find((block) => end % block === 0) ?? 128;
      expect(size).toBe((end < 64 * GIB ? 128 : expected) * MIB);
    },
  );

  test("is counted from all nodes, without what was plugged", () => {
    expect(guestBlockOf(view({ cells: [31 * GIB, 31 * GIB] })).size).toBe(2048 * MIB);
  });
});

describe("a plan without a guest agent", () => {
  const guest = (machine: string, gib: number) => running({ cells: [gib * GIB], max: 256 * GIB, machine });

  test.each([
    ["pc-q35-7.2", 62, 256, "replace"],
    ["pc-q35-7.2", 62, 2048, "live"],
    ["pc-q35-7.2", 61, 256, "live"],
    ["pc-q35-7.2", 65, 1024, "live"],
    ["pc-q35-7.2", 65, 256, "replace"],
    ["pc-i440fx-7.2", 62, 256, "live"],
    ["pc-i440fx-7.2", 70, 1024, "live"],
  ])("%s with %d GiB and %d MiB more: %s", (machine, gib, mib, outcome) => {
    const desired = ask(gib * GIB + mib, { max: 256 * GIB });
    expect(planMemory(desired, guest(machine, gib)).outcome).toBe(outcome);
  });

  test("a virtio-mem device is a whole number of the blocks of its guest", () => {
    const devices = (machine: string, gib: number) =>
      definedDevices(
        ask(gib * GIB, { max: gib * GIB + 5 * GIB, device: "virtio-mem" }),
        [0],
        [{ id: 0, memory: gib * GIB * MIB }],
        view({ cells: [gib * GIB], machine }),
      ).map(({ size }) => size / MIB);
    expect(devices("pc-q35-7.2", 62)).toEqual([4096]);
    expect(devices("pc-i440fx-7.2", 62)).toEqual([5120]);
    expect(devices("pc-i440fx-7.2", 64)).toEqual([5120]);
  });
});
