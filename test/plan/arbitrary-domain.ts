import fc from "fast-check";
import type { MemoryDevice } from "../../provider/domain/state.ts";
import type { Asked } from "../../provider/plan/asked.ts";
import type { MemoryView, Observed } from "../../provider/plan/observed.ts";
import { MIB, ours, theirs, view } from "./scene.ts";

const size = fc.oneof(
  fc.integer({ min: 1, max: 4096 }),
  fc.integer({ min: 1, max: 16 }).map((n) => n * 128),
);

interface Hotplugged {
  device: MemoryDevice;
  isOurs: boolean;
  /** Somebody else's device is in the definition too. */
  isDefined: boolean;
}

/** DIMMs in slots with gaps, ours and other people's. */
function hotplugged(cells: number, slots: number): fc.Arbitrary<Hotplugged[]> {
  return fc.uniqueArray(
    fc
      .record({
        slot: fc.integer({ min: 0, max: slots - 1 }),
        mib: size,
        node: fc.integer({ min: 0, max: cells - 1 }),
        who: fc.constantFrom("ours", "theirs", "ua-theirs"),
        isDefined: fc.boolean(),
      })
      .map(({ slot, mib, node, who, isDefined }) => ({
        device:
          who === "ours"
            ? ours(slot, mib, node)
            : { ...theirs(slot, mib, who === "theirs" ? undefined : who), node },
        isOurs: who === "ours",
        isDefined,
      })),
    { selector: ({ device }) => device.slot, maxLength: Math.min(4, slots) },
  );
}

/** A domain as it may be found: running, paused, off or transient; folded or not yet; with DIMMs of anybody. */
export const anyObserved: fc.Arbitrary<Observed> = fc
  .record({
    cells: fc.array(size, { minLength: 1, maxLength: 3 }),
    slots: fc.integer({ min: 1, max: 6 }),
    power: fc.constantFrom("running", "running", "paused", "off", "transient"),
    acpi: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
    room: fc.option(fc.integer({ min: 0, max: 8192 }), { freq: 9, nil: undefined }),
    folded: fc.boolean(),
    drift: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: size }),
  })
  .chain((domain) => hotplugged(domain.cells.length, domain.slots).map((dimms) => ({ ...domain, dimms })))
  .map(({ cells, slots, power, acpi, room, folded, drift, dimms }): Observed => {
    const devices = room === undefined ? [] : dimms.map(({ device }) => device);
    const plugged = devices.reduce((sum, device) => sum + device.size / MIB, 0);
    const base = cells.reduce((sum, mib) => sum + mib, 0);
    const max = room === undefined ? undefined : base + plugged + room;
    const live = view({ cells, devices, max, slots, acpi });
    const nextBoot = inDefinition(live, room === undefined ? [] : dimms, folded, drift);
    if (power === "transient") return { power: "running", persistent: false, live };
    if (power === "off") return { power, persistent: true, nextBoot };
    return { power: power === "paused" ? "paused" : "running", persistent: true, live, nextBoot };
  });

function inDefinition(live: MemoryView, dimms: Hotplugged[], folded: boolean, drift: number): MemoryView {
  const inCell = (id: number) =>
    dimms.filter(({ device, isOurs }) => folded && isOurs && device.node === id).map(({ device }) => device);
  const cells = live.cells.map(({ id, memory }) => {
    const folds = inCell(id).reduce((sum, device) => sum + device.size, 0);
    return (memory + folds) / MIB + (id === 0 ? drift : 0);
  });
  const devices = dimms.filter(({ isOurs, isDefined }) => !isOurs && isDefined).map(({ device }) => device);
  const { maxMemory } = live;
  return view({
    cells,
    devices,
    max: maxMemory && maxMemory.size / MIB,
    slots: maxMemory?.slots,
    acpi: live.acpi,
  });
}

/** What may be asked of such a domain: often whole blocks above what it has. */
export function anyAsked(observed: Observed): fc.Arbitrary<Asked> {
  const present = (observed.live ?? observed.nextBoot)?.memory ?? 0;
  const ceiling = observed.live?.maxMemory?.size ?? present;
  return fc
    .record({
      alignment: fc.constantFrom(128, 256, 1024),
      blocks: fc.integer({ min: 0, max: 12 }),
      other: fc.option(size, { nil: undefined }),
      room: fc.option(fc.integer({ min: 0, max: 4096 }), { nil: undefined }),
      slots: fc.integer({ min: 1, max: 8 }),
      whenNotPossible: fc.constantFrom("replace", "error"),
    })
    .map(({ alignment, blocks, other, room, slots, whenNotPossible }) => {
      const memory = other === undefined ? present + blocks * alignment * MIB : other * MIB;
      return {
        memory,
        maxMemory: room === undefined ? Math.max(memory, ceiling) : memory + room * MIB,
        slots,
        alignment: alignment * MIB,
        whenNotPossible,
        targetNode: 0,
      };
    });
}

export const anyCase = anyObserved.chain((observed) =>
  anyAsked(observed).map((asked) => ({ observed, asked })),
);
