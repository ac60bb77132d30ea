import { describe, expect, it } from "vitest";
import { diskTargets } from "../../provider/units/disk-targets.ts";

const targetsOf = (...buses: string[]) => diskTargets(buses.map((bus) => ({ bus })));

describe("diskTargets", () => {
  it("counts each prefix, as the guest does", () => {
    expect(targetsOf("virtio", "sata", "virtio", "scsi", "ide", "usb")).toEqual([
      ...["vda", "sda", "vdb", "sdb", "hda", "sdc"],
    ]);
    const many = targetsOf(...Array.from({ length: 26 * 27 + 1 }, () => "virtio"));
    expect([many[25], many[26], many[51], many[52], many[701], many[702]]).toEqual([
      ...["vdz", "vdaa", "vdaz", "vdba", "vdzz", "vdaaa"],
    ]);
    expect(new Set(many).size).toBe(many.length);
  });

  it("keeps what is decided already, and gives a new disk what nothing else has", () => {
    expect(diskTargets([{ bus: "virtio" }, { bus: "virtio", target: "vda" }], ["vdb"])).toEqual([
      "vdc",
      "vda",
    ]);
  });
});
