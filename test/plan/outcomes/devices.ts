import type { Observed } from "../../../provider/plan/observed.ts";
import { paused, running, transient } from "../../support/scene.ts";
import { keptByRestart, nextBoot, type OutcomeRow, replaceCosts } from "./row.ts";

/** A running domain with that many ports free, as the program's lists made it. */
function withPorts(freePorts: number, observed = running()): Observed {
  const { live } = observed;
  return live === undefined ? observed : { ...observed, live: { ...live, freePorts } };
}

const root = { name: "root", file: "/root.qcow2" };
const data = { name: "data", file: "/data.qcow2" };
const scsi = { ...data, bus: "scsi" };
const sata = { ...data, bus: "sata" };
const lan = { name: "lan", network: "default" };
const drive = { name: "cd", device: "cdrom", file: "/a.iso" };
const DRIVE = 'CD-ROM "cd" (/b.iso)';

/** Disks and network interfaces. */
export const DEVICES: OutcomeRow[] = [
  {
    name: "an added disk",
    before: withPorts(8),
    had: { disks: [root] },
    change: { disks: [root, data] },
    outcome: "live",
    headline: 'live: attach disk "data" (/data.qcow2)',
  },
  {
    name: "the first disk on the scsi bus",
    before: withPorts(1),
    had: { disks: [root] },
    change: { disks: [root, scsi] },
    outcome: "live",
    headline: 'live: attach disk "data" (/data.qcow2)',
  },
  {
    name: "a removed disk",
    before: withPorts(8),
    had: { disks: [root, data] },
    change: { disks: [root] },
    outcome: "live",
    headline: 'live: detach disk "data" (/data.qcow2)',
  },
  {
    name: 'a removed disk, with onDelete "delete" and an image that this provider made',
    before: withPorts(8),
    had: { disks: [root, { ...data, size: "20GiB", onDelete: "delete" }] },
    change: { disks: [root] },
    made: ["/data.qcow2"],
    outcome: "live",
    headline: 'live: detach disk "data" (/data.qcow2); deletes /data.qcow2',
    details: ['/data.qcow2 is deleted with all data on it (onDelete: "delete")'],
  },
  {
    name: "the same, where the running domain keeps the disk until its next boot",
    before: withPorts(8),
    had: { disks: [root, { ...sata, size: "20GiB", onDelete: "delete" }] },
    change: { disks: [root], hotplug: { whenNotPossible: "nextBoot" } },
    made: ["/data.qcow2"],
    outcome: "nextBoot",
    headline: 'next boot: disk "data" (/data.qcow2), after a shutdown and start',
    details: [
      "/data.qcow2 isn't deleted: it is in use until the next boot; delete it by hand after that",
      nextBoot,
    ],
    codes: ["bus-without-hotplug"],
  },
  {
    name: "another file for a disk",
    before: withPorts(0),
    had: { disks: [root, data] },
    change: { disks: [root, { ...data, file: "/new.qcow2" }] },
    outcome: "live",
    headline: 'live: detach disk "data" (/data.qcow2) and attach disk "data" (/new.qcow2)',
  },
  {
    name: "another medium in a CD-ROM drive",
    before: withPorts(0),
    had: { disks: [drive] },
    change: { disks: [{ ...drive, file: "/b.iso" }] },
    outcome: "live",
    headline: `live: change ${DRIVE}`,
  },
  {
    name: "an added network interface",
    before: withPorts(8),
    change: { interfaces: [lan] },
    outcome: "live",
    headline: 'live: attach interface "lan" (network "default")',
  },
  {
    name: "another network for an interface",
    before: withPorts(0),
    had: { interfaces: [lan] },
    change: { interfaces: [{ ...lan, network: "dmz" }] },
    outcome: "live",
    headline: 'live: change interface "lan" (network "dmz")',
  },
  {
    name: "an interface's link",
    before: withPorts(0),
    had: { interfaces: [lan] },
    change: { interfaces: [{ ...lan, link: "down" }] },
    outcome: "live",
    headline: 'live: change interface "lan" (network "default")',
  },
  {
    name: "a disk and an interface, beside memory",
    before: withPorts(8),
    had: { disks: [root] },
    change: { disks: [root, data], interfaces: [lan], memory: "1259MiB" },
    outcome: "live",
    headline:
      "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart; attach 1 disk; attach 1 interface",
    details: [
      "maximum without a restart: 8 GiB",
      'live: attach disk "data" (/data.qcow2)',
      'live: attach interface "lan" (network "default")',
    ],
  },
  {
    name: "another order of a list, or names for its entries",
    before: withPorts(8),
    had: { disks: [{ file: "/root.qcow2" }, data] },
    change: { disks: [data, root] },
    outcome: "none",
    headline: "setting only: disks",
  },
  {
    name: "an option of a disk",
    before: withPorts(8),
    had: { disks: [root] },
    change: { disks: [{ ...root, cache: "none" }] },
    outcome: "nextBoot",
    headline: "next boot: disks, after a shutdown and start",
    details: [nextBoot],
  },
  {
    name: "a disk on the sata or ide bus",
    before: withPorts(8),
    had: { disks: [root] },
    change: { disks: [root, sata], hotplug: { whenNotPossible: "nextBoot" } },
    outcome: "nextBoot",
    headline: 'next boot: disk "data" (/data.qcow2), after a shutdown and start',
    details: [nextBoot],
    codes: ["bus-without-hotplug"],
  },
  {
    name: "an empty CD-ROM drive",
    before: withPorts(8),
    change: {
      disks: [{ name: "cd", device: "cdrom", bus: "scsi" }],
      hotplug: { whenNotPossible: "nextBoot" },
    },
    outcome: "nextBoot",
    headline: 'next boot: CD-ROM "cd" (empty), after a shutdown and start',
    details: [nextBoot],
    codes: ["empty-drive"],
  },
  {
    name: "no free port",
    before: withPorts(0),
    change: { interfaces: [lan] },
    outcome: "replace",
    headline:
      'replace: interface "lan" (network "default") needs a PCI port, but the domain has no free port',
    details: [replaceCosts, keptByRestart],
    codes: ["no-free-port"],
  },
  {
    name: "more devices than free ports",
    before: withPorts(1),
    change: {
      interfaces: [lan, { ...lan, name: "wan", mac: "52:54:00:00:00:02" }],
      hotplug: { whenNotPossible: "nextBoot" },
    },
    outcome: "nextBoot",
    headline: "next boot: the change of interfaces, after a shutdown and start",
    details: [nextBoot],
    codes: ["no-free-port"],
  },
  {
    name: "a disk and an interface, where one port is free",
    before: withPorts(1),
    had: { disks: [root] },
    change: { disks: [root, data], interfaces: [lan] },
    outcome: "replace",
    headline:
      'replace: interface "lan" (network "default") needs a PCI port, but the domain has no free port',
    details: [replaceCosts, keptByRestart],
    codes: ["no-free-port"],
  },
  {
    name: "an interface instead of a disk, where no port is free",
    before: withPorts(0),
    had: { disks: [root, data] },
    change: { disks: [root], interfaces: [lan] },
    outcome: "live",
    headline: 'live: detach disk "data" (/data.qcow2); attach 1 interface',
    details: ['live: attach interface "lan" (network "default")'],
  },
  {
    name: "a card that the machine can't hot-plug",
    before: withPorts(8, running({ machine: "pc-q35-7.2" })),
    change: { interfaces: [{ ...lan, model: "e1000" }], hotplug: { whenNotPossible: "error" } },
    outcome: "refuse",
    headline:
      'refused: interface "lan" (network "default") is of model "e1000", which the machine can\'t hot-plug',
    codes: ["model-without-hotplug", "when-not-possible-error"],
  },
  {
    name: "the disk that the guest booted from",
    before: withPorts(8, withDisks(running())),
    had: { disks: [root] },
    change: { disks: [] },
    outcome: "refuse",
    headline: "refused: disks: one is the disk that the guest booted from",
    codes: ["boot-disk"],
  },
  {
    name: "a removed disk, while the domain is paused",
    before: withPorts(8, paused(running())),
    had: { disks: [root, data] },
    change: { disks: [root], hotplug: { whenNotPossible: "nextBoot" } },
    outcome: "nextBoot",
    headline: 'next boot: disk "data" (/data.qcow2), after a shutdown and start',
    details: [nextBoot],
    codes: ["domain-paused"],
  },
  {
    name: "an added disk of a transient domain",
    before: withPorts(8, transient()),
    had: { disks: [root] },
    change: { disks: [root, data] },
    outcome: "live",
    headline: 'live: attach disk "data" (/data.qcow2)',
  },
];

function withDisks(observed: Observed): Observed {
  const { live } = observed;
  const disk = {
    device: "disk",
    bus: "virtio",
    target: "vda",
    file: "/root.qcow2",
    format: "qcow2",
  } as const;
  const disks = [{ ...disk, readOnly: false, alias: "ua-pulumi-disk-root" }];
  return live === undefined ? observed : { ...observed, live: { ...live, disks } };
}
