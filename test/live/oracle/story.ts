import fc from "fast-check";
import type { HotplugArgs } from "../../../sdk/args/hotplug.ts";
import type { Args } from "../../support/stack-on-lab.ts";
import { type DeviceHand, deviceArgument, deviceHand, type ListEdit, listEdit } from "./device-story.ts";
import { IMAGES } from "./host-files.ts";

/** One edit of the program. Sizes are relative to what the program had: stories are made before they are played. */
export type Edit =
  | { kind: "memory"; mib: number }
  | { kind: "set"; args: Args }
  | { kind: "unset"; name: keyof Args }
  | { kind: "hotplug"; args: HotplugArgs }
  | { kind: "list"; edit: ListEdit }
  /** Two nodes: the first has this part of the memory, of four. */
  | { kind: "nodes"; quarters: number };

/** What an administrator does with virsh while the program isn't looking. */
export type Hand =
  | { kind: "dimm"; where: "live" | "config" | "both"; mib: number }
  | { kind: "definedMemory"; mib: number }
  | { kind: "definedVcpus"; vcpus: number }
  | { kind: "liveVcpus"; vcpus: number }
  | { kind: "definedMaximum"; mib: number }
  | { kind: "devices"; hand: DeviceHand }
  | {
      kind: "virsh";
      commands: ("destroy" | "start" | "suspend" | "resume" | "reset" | "managedsave" | "autostart")[];
    };

export interface Turn {
  hands: Hand[];
  edits: Edit[];
  /** `pulumi refresh` before the preview. */
  refreshes: boolean;
}

export interface Story {
  first: Edit[];
  turns: Turn[];
}

/**
 * Every domain starts from these; the rest of a program is edits. The guest releases PCI devices, and does nothing else, so it
 * doesn't shut down by itself.
 */
export const START = {
  boot: { kernel: `${IMAGES}/ejecting-guest` },
  memory: "256MiB",
  maxMemory: "2GiB",
  shutdownTimeout: 0,
  forceOff: true,
  agent: false,
  balloon: false,
} satisfies Args;

/** As many edits are of the lists of devices as of everything else. */
const LISTS = 22;

const often = <T>(value: fc.Arbitrary<T>, weight: number) => ({ weight, arbitrary: value });

const fallback = fc.constantFrom<("replace" | "restart" | "nextBoot" | "error")[]>(
  "replace",
  "restart",
  "nextBoot",
  "error",
);

const setting: fc.Arbitrary<HotplugArgs> = fc.oneof(
  often(
    fallback.map((whenNotPossible) => ({ whenNotPossible })),
    6,
  ),
  often(fc.constantFrom({ applyOn: "nextBoot" as const }, { applyOn: "now" as const }), 2),
  often(
    fc.boolean().map((enabled) => ({ enabled })),
    1,
  ),
  often(
    fc.constantFrom("128MiB", "256MiB", "512MiB").map((alignment) => ({ alignment })),
    1,
  ),
  often(
    fc.constantFrom("128MiB", "256MiB").map((maxDimmSize) => ({ maxDimmSize })),
    1,
  ),
  often(
    fc.constantFrom<0 | 1 | "spread">(0, 1, "spread").map((targetNode) => ({ targetNode })),
    1,
  ),
  often(
    fc.constantFrom("dimm" as const, "virtio-mem" as const).map((device) => ({ device })),
    1,
  ),
);

const argument: fc.Arbitrary<Args> = fc.oneof(
  fc.constantFrom("1GiB", "2GiB", "3GiB", "600MiB").map((maxMemory) => ({ maxMemory })),
  fc.constantFrom(1, 2, 4, 16).map((memorySlots) => ({ memorySlots })),
  fc.constantFrom(1, 2, 4, 6).map((vcpus) => ({ vcpus })),
  fc.constantFrom(2, 4, 8).map((maxVcpus) => ({ maxVcpus })),
  fc.constantFrom({ sockets: 1, cores: 4 }, { sockets: 2, cores: 2 }).map((cpuTopology) => ({ cpuTopology })),
  fc.constantFrom("a", "b <&> ü").map((description) => ({ description })),
  fc.constantFrom("q35", "pc-q35-7.1", "pc-q35-99.9", "pc-i440fx-7.2").map((machine) => ({ machine })),
  fc.constantFrom("qemu64", "NoSuchCpu").map((cpu) => ({ cpu })),
  fc.constant({ serial: "pty" as const }),
  fc.boolean().map((running) => ({ running })),
  fc.boolean().map((autostart) => ({ autostart })),
  fc.boolean().map((balloon) => ({ balloon })),
  fc
    .constantFrom<Args["graphics"][]>(
      { type: "vnc", password: "first" },
      { type: "vnc", password: "second" },
      { type: "vnc" },
      { type: "vnc", password: "first", listen: "127.0.0.2" },
    )
    .map((graphics) => ({ graphics })),
  fc.constantFrom("vga" as const, "virtio" as const).map((model) => ({ video: { model } })),
  fc.constantFrom(1024, 2048).map((bytes) => ({ rng: { bytes } })),
  fc.constantFrom("reset" as const, "poweroff" as const).map((action) => ({ watchdog: { action } })),
  fc.boolean().map((shared) => ({ memoryBacking: { shared } })),
  fc.constantFrom("192MiB", "256MiB").map((currentMemory) => ({ currentMemory })),
  fc.constantFrom(5, 10).map((shutdownTimeout) => ({ shutdownTimeout: shutdownTimeout === 5 ? 0 : 1 })),
);

const removable = fc.constantFrom<keyof Args>(
  ...([
    "numa",
    "maxMemory",
    "memorySlots",
    "vcpus",
    "maxVcpus",
    "description",
    "machine",
    "serial",
    "running",
  ] as const),
  ...(["autostart", "balloon", "currentMemory", "hotplug", "cpu", "cpuTopology"] as const),
  ...(["graphics", "video", "rng", "watchdog", "memoryBacking"] as const),
  ...(["hotplugPorts", "reportAddresses", "disks", "interfaces"] as const),
);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  often(
    fc
      .constantFrom(256, 256, 512, 768, -256, -128, 128, 44, -44, 300)
      .map((mib): Edit => ({ kind: "memory", mib })),
    8,
  ),
  often(
    argument.map((args): Edit => ({ kind: "set", args })),
    5,
  ),
  often(
    setting.map((args): Edit => ({ kind: "hotplug", args })),
    4,
  ),
  often(
    removable.map((name): Edit => ({ kind: "unset", name })),
    2,
  ),
  often(
    fc.constantFrom(1, 2, 2, 3, 4).map((quarters): Edit => ({ kind: "nodes", quarters })),
    1,
  ),
  often(
    listEdit.map((edit): Edit => ({ kind: "list", edit })),
    LISTS,
  ),
  often(
    deviceArgument.map((args): Edit => ({ kind: "set", args })),
    1,
  ),
);

const hand: fc.Arbitrary<Hand> = fc.oneof(
  often(
    deviceHand.map((one): Hand => ({ kind: "devices", hand: one })),
    6,
  ),
  fc.record({
    kind: fc.constant("dimm" as const),
    where: fc.constantFrom("live" as const, "config" as const, "both" as const),
    mib: fc.constantFrom(128, 256),
  }),
  fc.constantFrom(128, 384, 512).map((mib): Hand => ({ kind: "definedMemory", mib })),
  fc.constantFrom(2, 3).map((vcpus): Hand => ({ kind: "definedVcpus", vcpus })),
  fc.constantFrom(2, 3).map((vcpus): Hand => ({ kind: "liveVcpus", vcpus })),
  fc.constantFrom(1024, 1536).map((mib): Hand => ({ kind: "definedMaximum", mib })),
  fc
    .constantFrom<Extract<Hand, { kind: "virsh" }>["commands"]>(
      ["destroy"],
      ["destroy", "start"],
      ["suspend"],
      ["resume"],
      ["reset"],
      ["managedsave"],
      ["managedsave", "start"],
      ["autostart"],
    )
    .map((commands): Hand => ({ kind: "virsh", commands })),
);

export const anyStory: fc.Arbitrary<Story> = fc.record({
  first: fc.array(edit, { maxLength: 4 }),
  turns: fc.array(
    fc.record({
      hands: fc.oneof(
        often(fc.constant<Hand[]>([]), 3),
        often(fc.array(hand, { minLength: 1, maxLength: 2 }), 2),
      ),
      edits: fc.oneof(
        often(fc.array(edit, { minLength: 1, maxLength: 3 }), 9),
        often(fc.constant<Edit[]>([]), 1),
      ),
      refreshes: fc.boolean(),
    }),
    { minLength: 3, maxLength: 6, size: "max" },
  ),
});
