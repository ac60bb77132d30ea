import fc from "fast-check";
import { countedSize, type MemoryDevice } from "../../provider/domain/state.ts";
import type { DesiredMemory } from "../../provider/plan/desired.ts";
import { misaligned } from "../../provider/plan/dimms/layout.ts";
import type { MemoryView, Observed, ObservedDevice } from "../../provider/plan/observed.ts";
import { anyAsked, anyObserved } from "./arbitrary-domain.ts";
import { MIB } from "./scene.ts";

const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);

/** A part of a memory, in whole MiB. */
function partOf(memory: number, share: number): number {
  return Math.max(MIB, Math.floor((memory * share) / MIB) * MIB);
}

const share = fc.oneof(fc.constant(1), fc.double({ min: 0.1, max: 1, noNaN: true }));

/** A virtio-mem device of a node, in the running domain, in the definition, or in both with two requests. */
const elastic = fc.record({
  who: fc.constantFrom("ours", "ours", "theirs", "ua-theirs"),
  room: fc.integer({ min: 1, max: 24 }),
  requested: fc.nat(24 * 64),
  later: fc.option(fc.nat(24 * 64), { freq: 2 }),
  where: fc.constantFrom("both", "both", "both", "live", "definition"),
});

type Elastic = typeof elastic extends fc.Arbitrary<infer T> ? T : never;

function virtioMem({ who, room }: Elastic, node: number, blocks: number): MemoryDevice {
  const size = room * 128 * MIB;
  const alias = who === "ours" ? `ua-pulumi-vmem${node}` : who === "theirs" ? undefined : `ua-vmem${node}`;
  const requested = Math.min(size, blocks * 2 * MIB);
  return { model: "virtio-mem", size, requested, block: 2 * MIB, node, ...(alias && { alias }) };
}

/** The same definition with these devices beside its own, and with room for the whole of them. */
function withDevices(view: MemoryView, devices: ObservedDevice[]): MemoryView {
  const { maxMemory } = view;
  const memory = view.memory + sum(devices.map(countedSize));
  const size = maxMemory && maxMemory.size + sum(devices.map((device) => device.size));
  return {
    ...view,
    memory,
    currentMemory: memory,
    devices: [...view.devices, ...devices],
    ...(maxMemory && size && { maxMemory: { ...maxMemory, size } }),
  };
}

/** libvirt names what runs. */
export function named(live: MemoryView): MemoryView {
  const devices = live.devices.map((device, index) => ({
    ...device,
    alias: device.alias ?? (device.model === "virtio-mem" ? `virtiomem${index}` : `dimm${device.slot}`),
  }));
  return { ...live, devices };
}

type Word = "true" | "silent" | "refused";

/** The guest rejected what is not aligned to its blocks. */
function heard(live: MemoryView, words: Word[]): MemoryView {
  const off = misaligned(live);
  const devices = live.devices.map((device, index): ObservedDevice => {
    const word = words[index] ?? "silent";
    if (device.model !== "dimm" || word === "silent") return device;
    return { ...device, taken: word === "true" && !off.includes(device) };
  });
  return { ...live, devices };
}

/** A domain with everything at once: DIMMs that the guest took or not, virtio-mem of anybody, a balloon. */
const anyWhole: fc.Arbitrary<Observed> = fc
  .record({
    observed: anyObserved,
    elastics: fc.oneof(
      fc.constant([]),
      fc.array(fc.option(elastic, { freq: 2 }), { minLength: 3, maxLength: 3 }),
    ),
    block: fc.constantFrom(undefined, 128 * MIB, 256 * MIB),
    words: fc.array(fc.constantFrom<Word>("true", "refused", "refused", "silent"), {
      minLength: 4,
      maxLength: 4,
    }),
    balloons: fc.tuple(share, share),
    pending: fc.boolean(),
    told: fc.option(share, { freq: 2 }),
    withoutBalloon: fc.constantFrom(false, false, false, false, true),
  })
  .map(({ observed, elastics, block, words, balloons, pending, told, withoutBalloon }): Observed => {
    const seen = observed.live ?? observed.nextBoot;
    // A virtio-mem device needs a ceiling, as any memory device does.
    const nodes = seen?.maxMemory === undefined ? [] : seen.cells.map((cell) => cell.id);
    const inIt = (place: "live" | "definition") =>
      nodes.flatMap((node) => {
        const one = elastics[node];
        if (one == null || (one.where !== "both" && one.where !== place)) return [];
        return [virtioMem(one, node, place === "live" ? one.requested : (one.later ?? one.requested))];
      });
    const without = withoutBalloon ? { withoutBalloon: true as const } : {};
    const left = (view: MemoryView, part: number): MemoryView => ({
      ...view,
      ...without,
      currentMemory: withoutBalloon ? view.memory : partOf(view.memory, part),
    });
    const live =
      observed.live &&
      heard(
        left(
          named(withDevices({ ...observed.live, ...(block && { guestBlock: block }) }, inIt("live"))),
          balloons[0],
        ),
        words,
      );
    const nextBoot =
      observed.nextBoot && left(withDevices(observed.nextBoot, inIt("definition")), balloons[1]);
    return {
      ...observed,
      ...(live && { live }),
      ...(nextBoot && { nextBoot }),
      ...(pending && nextBoot && { pending: nextBoot.memory }),
      ...(told !== null && live && { told: partOf(live.memory, told) }),
    };
  });

/** What may be asked of it, by every option: what the guest refused may go, or what virtio-mem has. */
function anyWish(observed: Observed): fc.Arbitrary<DesiredMemory> {
  const { live } = observed;
  const refused: ObservedDevice[] = (live?.devices ?? []).filter(({ taken }) => taken === false);
  return fc
    .record({
      desired: anyAsked(observed),
      device: fc.constantFrom("dimm", "dimm", "virtio-mem"),
      heal: fc.constantFrom(true, true, false),
      without: fc.oneof({ weight: 2, arbitrary: fc.constant<ObservedDevice[]>([]) }, fc.subarray(refused)),
      more: fc.nat(1024).map((blocks) => blocks * 2 * MIB),
      currentMemory: fc.option(share, { freq: 2 }),
    })
    .map(({ desired, device, heal, without, more, currentMemory }): DesiredMemory => {
      const { maxDimmSize, ...rest } = desired;
      const fewer = sum(without.map(({ size }) => size));
      const shares = sum(desired.shares?.map((one) => one.memory) ?? []);
      const wanted = desired.memory - fewer + (device === "virtio-mem" && rest.enabled ? more : 0);
      const count = desired.target === "spread" ? (desired.shares?.length ?? 1) : 1;
      const fits = wanted >= Math.max(MIB, shares) && (wanted - shares) % (count * MIB) === 0;
      const memory = fits ? wanted : desired.memory;
      // Check refuses both with virtio-mem: arguments of DIMMs, and a balloon that leaves less than all.
      const isElastic = device === "virtio-mem" && rest.enabled;
      const part = isElastic && currentMemory !== null ? 1 : currentMemory;
      return {
        ...rest,
        ...(maxDimmSize !== undefined && !isElastic && { maxDimmSize }),
        ...(part !== null && { currentMemory: partOf(memory, part) }),
        device,
        heal,
        memory,
        maxMemory: Math.max(memory, desired.maxMemory),
      };
    });
}

export interface Whole {
  observed: Observed;
  desired: DesiredMemory;
}

export const anyWholeCase: fc.Arbitrary<Whole> = anyWhole.chain((observed) =>
  anyWish(observed).map((desired) => ({ observed, desired })),
);
