import { isDeepStrictEqual } from "node:util";
import type { Card, Disk } from "./device-story.ts";
import type { Played } from "./judge.ts";
import { cardsOf, disksOf } from "./lists.ts";
import type { Program } from "./program.ts";
import type { SeenDevices } from "./seen-devices.ts";

const DEFAULT_PORTS = 8;

/** A new domain of this machine has as many free root ports as the program asks for. */
export function portsAsAsked({ program, said, after }: Played): string[] {
  const { live } = after.devices ?? {};
  const { hotplugPorts: wanted = DEFAULT_PORTS } = program as { hotplugPorts?: number };
  if (said.outcome !== "create" || live === undefined || !isExpress(live)) return [];
  return live.freeRootPorts === wanted ? [] : [`${live.freeRootPorts} free root ports, ${wanted} asked`];
}

/**
 * The rule of device hot-plug in its simplest case, put down a second time: entries come and go whose buses and models have
 * hot-plug, and there are ports for all of them.
 */
export function devicesLiveWherePossible({ program, previous, said, before, onlyLists }: Played): string[] {
  const { live, nextBoot } = before.devices ?? {};
  const { enabled, applyOn } = (program.hotplug ?? {}) as { enabled?: boolean; applyOn?: string };
  if (!onlyLists || previous === undefined || live === undefined || before.state !== "running") return [];
  if (enabled === false || applyOn === "nextBoot" || program.running === false) return [];
  if (!isDeepStrictEqual(live.disks.length, nextBoot?.disks.length)) return [];
  const change = changedEntries(previous, program);
  if (change === undefined || change.length === 0) return [];
  const taking = change.filter(({ isNew, takesPort }) => isNew && takesPort).length;
  // The controller of a first disk on the scsi bus takes one as well.
  if (isExpress(live) && live.freeRootPorts < taking + 1) return [];
  if (!change.every(({ isPluggable }) => isPluggable(live))) return [];
  return ["nextBoot", "restart", "replace"].includes(said.outcome)
    ? [
        `all of ${change.map(({ what }) => what).join(", ")} can be done live, and the preview says ${said.outcome}`,
      ]
    : [];
}

interface ChangedEntry {
  what: string;
  isNew: boolean;
  takesPort: boolean;
  isPluggable(live: SeenDevices): boolean;
}

/** The entries that come and go; undefined where others differ. */
function changedEntries(previous: Program, program: Program): ChangedEntry[] | undefined {
  const disks = cameAndWent(disksOf(previous), disksOf(program));
  const cards = cameAndWent(cardsOf(previous), cardsOf(program));
  if (disks === undefined || cards === undefined) return undefined;
  return [
    ...disks.map(({ entry, isNew }) => changedDisk(entry, isNew)),
    ...cards.map(({ entry, isNew }) => changedCard(entry, isNew)),
  ];
}

/** By their names, which all of them need. */
function cameAndWent<One extends { name?: string }>(
  before: One[],
  after: One[],
): { entry: One; isNew: boolean }[] | undefined {
  if ([...before, ...after].some(({ name }) => name === undefined)) return undefined;
  const find = (all: One[], { name }: One) => all.find((one) => one.name === name);
  const isAltered = after.some((entry) => {
    const old = find(before, entry);
    return old !== undefined && !isDeepStrictEqual(old, entry);
  });
  if (isAltered) return undefined;
  return [
    ...before.filter((entry) => find(after, entry) === undefined).map((entry) => ({ entry, isNew: false })),
    ...after.filter((entry) => find(before, entry) === undefined).map((entry) => ({ entry, isNew: true })),
  ];
}

function changedDisk(disk: Disk, isNew: boolean): ChangedEntry {
  const isDrive = disk.device === "cdrom";
  const bus = disk.bus ?? (isDrive ? "sata" : "virtio");
  const isEmpty = isDrive && disk.file === undefined;
  return {
    what: `disk ${disk.name}`,
    ...{ isNew, takesPort: bus === "virtio" },
    isPluggable: () => ["virtio", "scsi", "usb"].includes(bus) && !(isNew && isEmpty),
  };
}

function changedCard({ name, network, model = "virtio" }: Card, isNew: boolean): ChangedEntry {
  return {
    what: `interface ${name}`,
    ...{ isNew, takesPort: true },
    isPluggable: (live) =>
      network === undefined && (["virtio", "e1000e"].includes(model) || !isExpress(live)),
  };
}

function isExpress({ machine }: SeenDevices): boolean {
  return machine.startsWith("pc-q35");
}
