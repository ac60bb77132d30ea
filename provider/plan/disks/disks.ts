import { completeDisk, diskEntry } from "../../args/device-entries.ts";
import { sourceKey } from "../../args/disk-source.ts";
import type { DiskInput } from "../../args/inputs.ts";
import { containsUnknown } from "../../args/unknown.ts";
import { defined } from "../../defined.ts";
import type { DiskState } from "../../domain/state.ts";
import { diskTargets } from "../../units/disk-targets.ts";
import { diskAlias, unnamedAlias } from "../device-list/aliases.ts";
import type { DeviceChange, DeviceKind } from "../device-list/device-kind.ts";
import type { MemoryView } from "../observed.ts";
import type { Obstacle } from "../plan.ts";

export const DISKS: DeviceKind<DiskInput, DiskState> = {
  field: "disks",
  device: "disk",
  list: ({ disks = [] }) => (containsUnknown(disks) ? undefined : disks),
  entry: diskEntry,
  alias: diskAlias,
  devices: (view) => view?.disks,
  made: (entries) => DISKS.wanted(entries, [], []),
  key: (disk) => ({
    alias: disk.alias,
    identity: sourceKey(disk),
    place: disk.target,
    drive: disk.device === "cdrom" ? disk.bus : undefined,
  }),
  wanted(entries, present, taken) {
    const placed = entries.map((entry, index) => {
      const disk = completeDisk(entry);
      const found = present[index];
      const isKept = found !== undefined && found.bus === disk.bus;
      return {
        disk,
        alias: diskAlias(entry),
        ...defined({ found, target: isKept ? found.target : undefined }),
      };
    });
    const targets = diskTargets(
      placed.map(({ disk, target }) => defined({ bus: disk.bus, target })),
      taken.map(({ target }) => target),
    );
    return placed.map(({ disk, alias, found }, index): DiskState => {
      const target = targets[index] ?? "";
      const isSame = found !== undefined && sourceKey(found) === sourceKey(disk) && found.bus === disk.bus;
      return defined({ ...disk, target, alias: isSame ? found.alias : alias });
    });
  },
  change: changeOf,
  unpluggable: ({ bus }) => (HAS_HOTPLUG.has(bus) ? undefined : noHotplug(bus)),
  unattachable: (disk) => (sourceKey(disk) === undefined ? EMPTY_DRIVE : undefined),
  indispensable: (disk, view) => (isBootDisk(disk, view) ? bootDisk(disk) : undefined),
  ports: (disks, { hasScsi }) =>
    disks.filter(({ bus }) => bus === "virtio").length +
    (hasScsi !== true && disks.some(({ bus }) => bus === "scsi") ? 1 : 0),
  describe(name, disk) {
    const what = disk.device === "cdrom" ? "CD-ROM" : "disk";
    const where = sourceKey(disk) ?? "empty";
    if (name === undefined && where === "empty") return `empty ${what}`;
    return name === undefined ? `${what} ${where}` : `${what} "${name}" (${where})`;
  },
  asDevice: (state) => ({ device: "disk", state }),
  // libvirt refuses a boot order in a domain that was started without any, and one that another disk has.
  attached: ({ bootOrder: _, ...state }) => ({
    ...state,
    alias: state.alias ?? unnamedAlias("disk", state.target),
  }),
  updated({ cache: _, discard: __, serial: ___, bootOrder: ____, ...state }, found) {
    const { cache, discard, serial, bootOrder } = found;
    return { ...state, ...defined({ cache, discard, serial, bootOrder }) };
  },
};

const HAS_HOTPLUG: ReadonlySet<string> = new Set(["virtio", "scsi", "usb"]);

function noHotplug(bus: string): Obstacle {
  return {
    code: "bus-without-hotplug",
    text: `disks on the ${bus} bus can't be attached to or detached from a running domain; bus "virtio", "scsi" and "usb" can`,
    predicate: `is on the ${bus} bus, which has no hot-plug`,
  };
}

/** libvirt fails to attach one ("argument key 'filename' must not have null value"). */
const EMPTY_DRIVE: Obstacle = {
  code: "empty-drive",
  text: "libvirt doesn't attach an empty CD-ROM drive to a running domain: name a medium (file), which can be removed afterwards",
  predicate: "is an empty drive, which can't be attached to a running domain",
};

/** Options that QEMU takes only with a new device, or that matter only at boot. */
const AT_BOOT = ["cache", "discard", "serial", "bootOrder", "readOnly", "format"] as const;

function changeOf(wanted: DiskState, found: DiskState): DeviceChange {
  if (wanted.bus !== found.bus || wanted.device !== found.device) return "reattach";
  if (sourceKey(wanted) !== sourceKey(found)) return wanted.device === "cdrom" ? "live" : "reattach";
  return AT_BOOT.some((option) => wanted[option] !== found[option]) ? "nextBoot" : "none";
}

/**
 * Firmware boots from the first disk that has a loader, in the boot order or, where there is none, in that of the list. A CD-ROM
 * may have none, so that the next one is tried; where the guest boots a kernel directly, only a boot order names a disk.
 */
function isBootDisk({ target }: DiskState, { disks = [], bootsKernel }: MemoryView): boolean {
  const ordered = disks
    .filter(({ bootOrder }) => bootOrder !== undefined)
    .sort((a, b) => (a.bootOrder ?? 0) - (b.bootOrder ?? 0));
  const tried =
    ordered.length > 0
      ? ordered.filter((disk) => sourceKey(disk) !== undefined)
      : bootsKernel === true
        ? []
        : disks.filter(({ device }) => device === "disk");
  const first = tried.findIndex(({ device }) => device === "disk");
  const possible = first === -1 ? tried : tried.slice(0, first + 1);
  return possible.some((disk) => disk.target === target);
}

function bootDisk(disk: DiskState): Obstacle {
  return {
    code: "boot-disk",
    text: `${sourceKey(disk)} (${disk.target}) is the disk that the guest booted from: it isn't detached while the guest runs; shut the domain down first (running: false), or set forceOff: true to detach it all the same`,
    predicate: "is the disk that the guest booted from",
  };
}
