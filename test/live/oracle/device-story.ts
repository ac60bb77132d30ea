import type { Unwrap } from "@pulumi/pulumi";
import fc from "fast-check";
import type { DiskArgs } from "../../../sdk/args/disk.ts";
import type { InterfaceArgs } from "../../../sdk/args/interface.ts";
import type { Args } from "../../support/stack-on-lab.ts";
import { IMAGES, POOL } from "./host-files.ts";

export type Disk = Unwrap<DiskArgs> & { size?: string };
export type Card = Unwrap<InterfaceArgs>;

/** One edit of a list of devices. `at` counts around the list, whose length isn't known when a story is made. */
export type ListEdit =
  /** An entry of the same name, or the same image, becomes this one; else it is a new one at this place. */
  | { kind: "put"; at: number; disk?: Disk; card?: Card }
  | { kind: "drop"; list: "disks" | "interfaces"; at: number }
  | { kind: "rotate"; list: "disks" | "interfaces"; by: number }
  /** `null` removes an argument. */
  | { kind: "alter"; list: "disks" | "interfaces"; at: number; args: Record<string, unknown> }
  | { kind: "grow"; at: number; mib: number };

/** What an administrator does with a domain's devices and their images. */
export type DeviceHand =
  | { kind: "attachDisk"; where: Where; bus: "virtio" | "scsi" | "usb"; image: 1 | 2; letter: string }
  | { kind: "attachCard"; where: Where; nic: 1 | 2 }
  /** Of those that the domain has, whoever attached them. */
  | { kind: "detachDisk" | "detachCard"; where: Where; at: number }
  | { kind: "blockResize" | "volumeResize"; at: number; mib: number }
  | { kind: "eject"; at: number }
  | { kind: "link"; at: number; state: "up" | "down" };

export type Where = "live" | "config" | "both";

const often = <T>(value: fc.Arbitrary<T>, weight: number) => ({ weight, arbitrary: value });
const sometimes = <T extends object>(value: fc.Arbitrary<T>, inHundred: number): fc.Arbitrary<T | object> =>
  fc.oneof(often(value, inHundred), often(fc.constant({}), 100 - inHundred));
const merged = (...parts: fc.Arbitrary<object>[]) =>
  fc.tuple(...parts).map((all) => Object.assign({}, ...all));

const number = fc.constantFrom(1, 2, 3, 4);
const named = sometimes(
  fc.constantFrom("a", "b", "c").map((name) => ({ name })),
  75,
);

const source: fc.Arbitrary<object> = fc.oneof(
  often(
    number.map((n) => ({ file: `${IMAGES}/${n}.raw`, format: "raw" })),
    5,
  ),
  often(
    number.map((n) => ({ file: `${IMAGES}/made-${n}.qcow2`, size: "16MiB" })),
    3,
  ),
  often(
    number.map((n) => ({
      file: `${IMAGES}/made-${n}.raw`,
      format: "raw",
      size: "16MiB",
      onDelete: "delete",
    })),
    3,
  ),
  often(
    number.map((n) => ({ pool: POOL, volume: `${n}.img`, format: "raw" })),
    1,
  ),
  often(
    number.map((n) => ({ pool: POOL, volume: `made-${n}.qcow2`, size: "16MiB" })),
    1,
  ),
);

const bus = fc.oneof(
  often(fc.constant({}), 4),
  often(fc.constant({ bus: "scsi" }), 3),
  often(fc.constant({ bus: "usb" }), 2),
  often(fc.constant({ bus: "sata" }), 1),
);

const options: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  fc.constantFrom("none", "writethrough", null).map((cache): Record<string, unknown> => ({ cache })),
  fc.constantFrom("unmap", null).map((discard) => ({ discard })),
  fc.constantFrom("S1", "S2", null).map((serial) => ({ serial })),
  fc.constantFrom(1, 2, null).map((bootOrder) => ({ bootOrder })),
);

const medium = fc.constantFrom<Record<string, string>>(
  {},
  { file: `${IMAGES}/medium-1.iso` },
  { file: `${IMAGES}/medium-2.iso` },
);

const disk: fc.Arbitrary<Disk> = fc.oneof(
  often(merged(named, source, bus, sometimes(options, 20)), 8),
  often(
    merged(
      named,
      medium,
      fc.constantFrom({}, { bus: "scsi" }, { bus: "usb" }),
      fc.constant({ device: "cdrom" }),
      sometimes(options, 30),
    ),
    2,
  ),
);

const card: fc.Arbitrary<Card> = merged(
  named,
  fc.oneof(often(fc.constant({ user: true }), 12), often(fc.constant({ network: "nowhere" }), 1)),
  sometimes(
    fc.constantFrom("e1000", "e1000e", "virtio").map((model) => ({ model })),
    25,
  ),
  sometimes(
    fc.constantFrom("up", "down").map((link) => ({ link })),
    30,
  ),
  sometimes(
    number.map((n) => ({ mac: `52:54:00:0a:0b:0${n}` })),
    15,
  ),
);

const at = fc.nat({ max: 5 });
const list = fc.constantFrom("disks" as const, "disks" as const, "interfaces" as const);

export const listEdit: fc.Arbitrary<ListEdit> = fc.oneof(
  often(
    fc.record({ at, disk }).map((put): ListEdit => ({ kind: "put", ...put })),
    6,
  ),
  often(
    fc.record({ at, card }).map((put): ListEdit => ({ kind: "put", ...put })),
    3,
  ),
  often(
    fc.record({ list, at }).map((drop): ListEdit => ({ kind: "drop", ...drop })),
    4,
  ),
  often(
    fc.record({ list, by: fc.constantFrom(1, 2) }).map((turn): ListEdit => ({ kind: "rotate", ...turn })),
    1,
  ),
  often(
    fc.record({ at, args: options }).map((alter): ListEdit => ({ kind: "alter", list: "disks", ...alter })),
    1,
  ),
  often(
    fc
      .record({ at, args: medium.map((one): Record<string, unknown> => ({ file: null, ...one })) })
      .map((alter): ListEdit => ({ kind: "alter", list: "disks", ...alter })),
    1,
  ),
  often(
    fc
      .record({ at, args: fc.constantFrom("up", "down", null).map((link) => ({ link })) })
      .map((alter): ListEdit => ({ kind: "alter", list: "interfaces", ...alter })),
    2,
  ),
  often(
    fc
      .record({ at, mib: fc.constantFrom(8, 8, 24, -8) })
      .map((grow): ListEdit => ({ kind: "grow", ...grow })),
    3,
  ),
);

/** Settings of a domain that concern its devices. */
export const deviceArgument: fc.Arbitrary<Args> = fc.oneof(
  fc.constantFrom(0, 1, 2, 8).map((hotplugPorts) => ({ hotplugPorts })),
  fc.boolean().map((reportAddresses) => ({ reportAddresses })),
);

const where = fc.constantFrom<Where[]>("live", "config", "both");

export const deviceHand: fc.Arbitrary<DeviceHand> = fc.oneof(
  fc
    .record({
      where,
      bus: fc.constantFrom<("virtio" | "scsi" | "usb")[]>("virtio", "scsi", "usb"),
      image: fc.constantFrom<(1 | 2)[]>(1, 2),
      letter: fc.constantFrom("a", "b", "c", "x", "y"),
    })
    .map((hand): DeviceHand => ({ kind: "attachDisk", ...hand })),
  fc
    .record({ where, nic: fc.constantFrom<(1 | 2)[]>(1, 2) })
    .map((hand): DeviceHand => ({ kind: "attachCard", ...hand })),
  fc
    .record({ kind: fc.constantFrom<("detachDisk" | "detachCard")[]>("detachDisk", "detachCard"), where, at })
    .map((hand): DeviceHand => hand),
  fc
    .record({
      kind: fc.constantFrom<("blockResize" | "volumeResize")[]>("blockResize", "volumeResize"),
      at,
      mib: fc.constantFrom(24, 40),
    })
    .map((hand): DeviceHand => hand),
  at.map((place): DeviceHand => ({ kind: "eject", at: place })),
  fc
    .record({ at, state: fc.constantFrom<("up" | "down")[]>("up", "down") })
    .map((hand): DeviceHand => ({ kind: "link", ...hand })),
);
