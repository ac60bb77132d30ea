import fc from "fast-check";
import { expect, test } from "vitest";
import type { DiskState } from "../../../provider/domain/state.ts";
import { DISKS } from "../../../provider/plan/disks/disks.ts";
import { cases } from "../../support/properties.ts";
import { running } from "../../support/scene.ts";

interface Drawn {
  device: DiskState["device"];
  hasMedium: boolean;
  bootOrder: number | undefined;
}

const drawn: fc.Arbitrary<Drawn[]> = fc
  .uniqueArray(
    fc.record({
      device: fc.constantFrom("disk" as const, "cdrom" as const),
      hasMedium: fc.boolean(),
      bootOrder: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    }),
    { selector: ({ bootOrder }) => bootOrder ?? {}, maxLength: 5 },
  )
  .map((disks) => disks.map((disk) => (disk.device === "disk" ? { ...disk, hasMedium: true } : disk)));

function stateOf({ device, hasMedium, bootOrder }: Drawn, index: number): DiskState {
  return {
    ...{ device, bus: "scsi", target: `sd${"abcde"[index]}`, readOnly: device === "cdrom", format: "raw" },
    ...(hasMedium && { file: `/${index}` }),
    ...(bootOrder !== undefined && { bootOrder }),
  };
}

/** What firmware boots: in the order of the definition, or the first hard disk where there is none. */
function booted(disks: Drawn[], hasLoader: (index: number) => boolean): Drawn | undefined {
  const ordered = disks
    .filter(({ bootOrder }) => bootOrder !== undefined)
    .sort((a, b) => (a.bootOrder ?? 0) - (b.bootOrder ?? 0));
  if (ordered.length === 0) return disks.find(({ device }) => device === "disk");
  return ordered.find((disk) => disk.hasMedium && hasLoader(disks.indexOf(disk)));
}

/** What firmware could boot, whatever is on the CD-ROMs. */
function possibleBoots(disks: Drawn[]): number[] {
  const found = new Set<Drawn | undefined>();
  for (let loaders = 0; loaders < 2 ** disks.length; loaders++)
    found.add(booted(disks, (index) => disks[index]?.device === "disk" || (loaders & (1 << index)) !== 0));
  return disks.flatMap((disk, index) => (found.has(disk) ? [index] : []));
}

test("whatever the CD-ROMs have, the disk that the guest booted from isn't detached, and the others can be", () => {
  fc.assert(
    fc.property(drawn, (disks) => {
      const { live } = running();
      if (live === undefined) throw new Error("a running domain was wanted");
      const states = disks.map(stateOf);
      const view = { ...live, disks: states };
      const kept = states.flatMap((state, index) => (DISKS.indispensable(state, view) ? [index] : []));
      expect(kept).toEqual(possibleBoots(disks));
    }),
    cases(300),
  );
});
