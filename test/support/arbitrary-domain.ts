import fc from "fast-check";
import type { MemoryDevice } from "../../provider/domain/state.ts";
import type { DesiredMemory } from "../../provider/plan/desired.ts";
import type { MemoryView, Observed } from "../../provider/plan/observed.ts";
import { PAUSE_REASONS } from "../../provider/plan/pause.ts";
import { ask, MIB, ours, theirs, view } from "./scene.ts";

const size = fc.oneof(
  fc.integer({ min: 1, max: 4096 }),
  fc.integer({ min: 1, max: 16 }).map((n) => n * 128),
);

/** A cell's memory: now and then so much that a guest on x86-64 uses larger memory blocks. */
const cellSize = fc.oneof(
  { weight: 8, arbitrary: size },
  { weight: 1, arbitrary: fc.integer({ min: 512, max: 1024 }).map((n) => n * 128) },
);

/** Machine types that start with a node of 0 KiB, and newer ones, which don't. */
const machine = fc.constantFrom("pc-q35-7.2", "pc-q35-5.0", undefined);

const rarely = (value: boolean) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(!value) }, { weight: 1, arbitrary: fc.constant(value) });

interface Hotplugged {
  device: MemoryDevice;
  isOurs: boolean;
  /** A device not managed here is in the definition too. */
  isDefined: boolean;
}

/** DIMMs in slots with gaps, ours and others. */
function hotplugged(cells: number, slots: number): fc.Arbitrary<Hotplugged[]> {
  return fc.uniqueArray(
    fc
      .record({
        slot: fc.integer({ min: 0, max: slots - 1 }),
        mib: size,
        node: fc.integer({ min: 0, max: cells - 1 }),
        who: fc.constantFrom("ours", "theirs", "ua-theirs"),
        isDefined: rarely(true),
      })
      .map(({ slot, mib, node, who, isDefined }) => ({
        device:
          who === "ours"
            ? // Never less than an alignment may be.
              ours(slot, Math.ceil(mib / 128) * 128, node)
            : { ...theirs(slot, mib, who === "theirs" ? undefined : `${who}${slot}`), node },
        isOurs: who === "ours",
        isDefined,
      })),
    { selector: ({ device }) => device.slot, maxLength: Math.min(4, slots) },
  );
}

/** Where QEMU puts hot-plugged memory on x86-64 guests of less than 4 GiB; each device is right behind the last. */
function placed(devices: MemoryDevice[]): MemoryDevice[] {
  let next = 0x1_0000_0000n;
  return devices.map((device) => {
    const base = `0x${next.toString(16)}`;
    next += BigInt(device.size) * 1024n;
    return { ...device, base };
  });
}

/** A domain as it may be found: running, paused, off or transient; folded or not yet; with DIMMs of anybody. */
export const anyObserved: fc.Arbitrary<Observed> = fc
  .record({
    cells: fc.array(cellSize, { minLength: 1, maxLength: 3 }),
    slots: fc.noBias(fc.integer({ min: 1, max: 8 })),
    power: fc.constantFrom("running", "running", "paused", "off", "transient"),
    acpi: rarely(false),
    machine,
    room: fc.option(fc.oneof(fc.constant(8192), fc.noBias(fc.integer({ min: 0, max: 8192 }))), {
      freq: 9,
      nil: undefined,
    }),
    folded: rarely(false),
    hasBases: fc.boolean(),
    drift: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: size }),
  })
  .chain((domain) => hotplugged(domain.cells.length, domain.slots).map((dimms) => ({ ...domain, dimms })))
  .map(({ cells, slots, power, acpi, machine, room, folded, hasBases, drift, dimms }): Observed => {
    const plugs = room === undefined ? [] : dimms;
    const devices = plugs.map(({ device }) => device);
    const plugged = devices.reduce((sum, device) => sum + device.size / MIB, 0);
    const base = cells.reduce((sum, mib) => sum + mib, 0);
    const max = room === undefined ? undefined : base + plugged + room;
    const platform = { acpi, ...(machine !== undefined && { machine }) };
    const live = view({ cells, devices: hasBases ? placed(devices) : devices, max, slots, ...platform });
    const nextBoot = inDefinition(live, plugs, folded, drift);
    if (power === "transient") return { power: "running", persistent: false, live };
    if (power === "off") return { power, persistent: true, nextBoot };
    return { power: power === "paused" ? "paused" : "running", persistent: true, live, nextBoot };
  });

/** The same in any state of its power: paused for any reason, saved, off or running. */
export const anyPowered: fc.Arbitrary<Observed> = fc
  .record({
    observed: anyObserved,
    pause: fc.option(fc.constantFrom(...PAUSE_REASONS), { nil: undefined }),
    isSaved: fc.boolean(),
  })
  .map(({ observed, pause, isSaved }): Observed => {
    const { power, live, nextBoot } = observed;
    if (power === "paused") return { ...observed, ...(pause && { pause }) };
    if (power === "off" && isSaved && nextBoot) return { ...observed, saved: nextBoot };
    if (power === "running" && isSaved && live && nextBoot)
      return { power: "off", persistent: true, nextBoot, saved: live };
    return observed;
  });

function inDefinition(live: MemoryView, dimms: Hotplugged[], folded: boolean, drift: number): MemoryView {
  const inCell = (id: number) =>
    dimms.filter(({ device, isOurs }) => folded && isOurs && device.node === id).map(({ device }) => device);
  const cells = live.cells.map(({ id, memory }) => {
    const folds = inCell(id).reduce((sum, device) => sum + device.size, 0);
    return (memory + folds) / MIB + (id === 0 ? drift : 0);
  });
  const devices = dimms.filter(({ isOurs, isDefined }) => !isOurs && isDefined).map(({ device }) => device);
  const { maxMemory, machine } = live;
  return view({
    cells,
    devices,
    max: maxMemory && maxMemory.size / MIB,
    slots: maxMemory?.slots,
    acpi: live.acpi,
    ...(machine !== undefined && { machine }),
  });
}

/** The nodes' shares as a program may give them: none at all, those that the domain has, or others as many. */
function anyShares(observed: Observed): fc.Arbitrary<number[] | undefined> {
  const cells = (observed.live ?? observed.nextBoot)?.cells.map((cell) => cell.memory / MIB) ?? [];
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constant(cells) },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.integer({ min: 1, max: 1024 }), { minLength: cells.length, maxLength: cells.length })
        .chain((shares) =>
          fc
            .integer({ min: -1, max: shares.length - 1 })
            .map((empty) => (empty === -1 ? shares : shares.with(empty, 0))),
        ),
    },
  );
}

/** What may be asked of such a domain, as far as check lets it through: often whole blocks above what it has. */
export function anyAsked(observed: Observed): fc.Arbitrary<DesiredMemory> {
  const seen = observed.live ?? observed.nextBoot;
  const present = (seen?.memory ?? 0) / MIB;
  const ceiling = (observed.live?.maxMemory?.size ?? 0) / MIB;
  const nodes = seen?.cells.length ?? 1;
  return fc
    .record({
      alignment: fc.constantFrom(128, 128, 256, 1024),
      blocks: fc.noBias(fc.integer({ min: -4, max: 8 })),
      isWhole: rarely(false),
      other: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: size }),
      room: fc.option(fc.integer({ min: 0, max: 4096 }), { nil: undefined }),
      slots: fc.integer({ min: 1, max: 8 }),
      shares: anyShares(observed),
      target: fc.oneof(fc.integer({ min: 0, max: nodes - 1 }), fc.constant("spread" as const)),
      maxDimms: fc.option(fc.integer({ min: 1, max: 20 }), { freq: 3, nil: undefined }),
      pageSize: fc.option(fc.constantFrom(2, 1024), { freq: 3, nil: undefined }),
      whenNotPossible: fc.constantFrom("replace", "restart", "nextBoot", "error"),
      applyOn: fc.oneof(
        { weight: 7, arbitrary: fc.constant("now" as const) },
        { weight: 1, arbitrary: fc.constant("nextBoot" as const) },
      ),
      enabled: rarely(false),
      allowUnplug: fc.boolean(),
      adopted: rarely(true),
      allowDowntime: rarely(false),
      forceOff: fc.boolean(),
    })
    .map(({ blocks, isWhole, other, room, maxDimms, pageSize, shares, ...rest }) => {
      const { alignment, target } = rest;
      const unit = isWhole ? Math.max(alignment, pageSize ?? 0) : alignment;
      const step = unit * (target === "spread" ? nodes : 1);
      const wanted = other ?? (present + blocks * step > 0 ? present + blocks * step : present);
      const { memory, fitting } = fittingShares(wanted, target, shares);
      return ask(memory, {
        ...rest,
        max: room === undefined ? Math.max(memory, ceiling) : memory + room,
        ...(maxDimms !== undefined && { maxDimmSize: maxDimms * alignment }),
        ...(pageSize !== undefined && { source: { pageSize: pageSize * MIB } }),
        ...(fitting !== undefined && { shares: fitting }),
      });
    });
}

/** Check refuses shares above the memory, more than one empty node, and a rest that can't be spread in whole MiB. */
function fittingShares(
  wanted: number,
  target: number | "spread",
  shares: number[] | undefined,
): { memory: number; fitting: number[] | undefined } {
  if (shares === undefined) return { memory: wanted, fitting: undefined };
  const sum = shares.reduce((a, b) => a + b, 0);
  const memory = Math.max(wanted, sum);
  const uneven = target === "spread" ? (memory - sum) % shares.length : 0;
  return { memory: memory - uneven, fitting: shares };
}

export const anyCase = anyObserved.chain((observed) =>
  anyAsked(observed).map((desired) => ({ observed, desired })),
);
