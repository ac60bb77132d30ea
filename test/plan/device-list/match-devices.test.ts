import { test } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { type DeviceKey, matchDevices } from "../../../provider/plan/device-list/match-devices.ts";

/** Disks of few images, so that some read the same one. */
const disks = fc
  .array(fc.constantFrom("/a", "/b", undefined), { maxLength: 6 })
  .map((images) => images.map((identity, index): DeviceKey => ({ identity, place: `sd${index}` })));

describe("matchDevices", () => {
  test.prop([
    disks.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
  ])("finds every device of a list in the domain made from it, in whatever order", ([entries, devices]) => {
    expect(matchDevices(entries, devices, (device) => device)).toEqual(entries);
  });

  test.prop([disks, fc.nat(5)])(
    "of several disks of one image finds all but the removed one",
    (entries, gone) => {
      const devices = entries.filter((_, index) => index !== gone);
      const found = matchDevices(entries, devices, (device) => device).filter(
        (device) => device !== undefined,
      );
      expect(new Set(found)).toEqual(new Set(devices));
    },
  );
});
