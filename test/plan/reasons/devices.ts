import { DEFAULTS } from "../../../provider/args/settings.ts";
import type { Observed } from "../../../provider/plan/observed.ts";
import { planUpdate } from "../../../provider/plan/plan-update.ts";
import { running } from "../../support/scene.ts";
import { before, type Row, update } from "./row.ts";

/** A running domain with that many free ports, and one disk. */
function withPorts(freePorts: number, observed = running()): Observed {
  const { live } = observed;
  const disk = { device: "disk", bus: "virtio", target: "vda", file: "/a", readOnly: false } as const;
  return live === undefined ? observed : { ...observed, live: { ...live, freePorts, disks: [disk] } };
}

/** Why a disk or an interface isn't attached, detached or resized live. */
export const DEVICES: Row[] = [
  [
    "disk-would-shrink",
    "disks[0].size is 10 GiB, but /a has 20 GiB, and a disk is never made smaller; set size to at least 20 GiB",
    planUpdate({
      inputs: { ...before, disks: [{ file: "/a", size: "10240MiB" }] },
      before: { ...before, disks: [{ file: "/a" }] },
      observed: { ...running(), images: { "/a": 20 * 2 ** 30 } },
      recorded: undefined,
      defaults: DEFAULTS,
      adopted: false,
    }),
  ],
  [
    "bus-without-hotplug",
    'disks on the sata bus can\'t be attached to or detached from a running domain; bus "virtio", "scsi" and "usb" can',
    update({ disks: [{ file: "/b", bus: "sata" }] }, withPorts(8)),
  ],
  [
    "empty-drive",
    "libvirt doesn't attach an empty CD-ROM drive to a running domain: name a medium (file), which can be removed afterwards",
    update({ disks: [{ device: "cdrom", bus: "scsi" }] }, withPorts(8)),
  ],
  [
    "model-without-hotplug",
    'cards of model "e1000" are conventional PCI devices, which the machine\'s root ports don\'t accept while the domain runs; model "virtio" and "e1000e" can be attached',
    update(
      { interfaces: [{ user: true, model: "e1000", mac: "52:54:00:00:00:01" }] },
      withPorts(8, running({ machine: "q35" })),
    ),
  ],
  [
    "model-without-hotplug",
    'cards of model "vmxnet3" are conventional PCI devices, which the machine\'s root ports don\'t accept while the domain runs; model "virtio" and "e1000e" can be attached',
    update(
      { interfaces: [{ user: true, model: "vmxnet3", mac: "52:54:00:00:00:01" }] },
      withPorts(8, running({ machine: "q35" })),
    ),
  ],
  [
    "no-free-port",
    "the change of disks needs 2 PCI ports, but the running domain has 1 free port; after the next boot it has as many free ports as hotplugPorts asks for",
    update({ disks: [{ file: "/b" }, { file: "/c" }] }, withPorts(1)),
  ],
  [
    "boot-disk",
    "/a (vda) is the disk that the guest booted from: it isn't detached while the guest runs; shut the domain down first (running: false), or set forceOff: true to detach it all the same",
    planUpdate({
      inputs: { ...before, disks: [] },
      before: { ...before, disks: [{ file: "/a" }] },
      observed: withPorts(8),
      ...{ recorded: undefined, defaults: DEFAULTS, adopted: false },
    }),
  ],
];
