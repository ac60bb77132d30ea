import type { DiskBus, DiskSpec, DomainSpec, InterfaceSpec } from "./spec.ts";
import { type Element, element } from "./tree.ts";
import { virtioMemElement } from "./virtio-mem.ts";

/** Seconds between two reports of the balloon: what the guest has is asked for while a user waits. */
const balloonPeriod = 2;

/** The name of the QEMU guest agent's channel. */
export const agentChannel = "org.qemu.guest_agent.0";

/** The elements for `<devices>` of what a spec names. */
export function deviceElements(spec: Partial<DomainSpec>): Element[] {
  const disks = spec.disks ?? [];
  const targets = targetDevices(disks.map((disk) => disk.bus));
  return [
    ...disks.map((disk, index) => diskElement(disk, targets[index] ?? "")),
    // Without it libvirt picks an LSI controller, which few guests drive today.
    ...(disks.some((disk) => disk.bus === "scsi")
      ? [element("controller", { type: "scsi", index: 0, model: "virtio-scsi" })]
      : []),
    ...(spec.interfaces ?? []).map(interfaceElement),
    ...(spec.serial === undefined ? [] : [serialElement(spec.serial)]),
    ...(spec.agent ? [agentElement()] : []),
    ...(spec.balloon === undefined ? [] : [balloonElement(spec.balloon)]),
    ...(spec.virtioMem ?? []).map(virtioMemElement),
  ];
}

const devicePrefixes: Readonly<Record<DiskBus, string>> = {
  virtio: "vd",
  scsi: "sd",
  sata: "sd",
  usb: "sd",
  ide: "hd",
};

/** The target device of each disk: counted per prefix, as the guest would (vda, …, vdz, vdaa). */
export function targetDevices(buses: readonly DiskBus[]): string[] {
  const counts = new Map<string, number>();
  return buses.map((bus) => {
    const prefix = devicePrefixes[bus];
    const index = counts.get(prefix) ?? 0;
    counts.set(prefix, index + 1);
    return prefix + letters(index);
  });
}

function letters(index: number): string {
  const last = String.fromCharCode("a".charCodeAt(0) + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

function diskElement(disk: DiskSpec, target: string): Element {
  const isCdrom = disk.readOnly && (disk.bus === "ide" || disk.bus === "sata");
  return element(
    "disk",
    { type: "file", device: isCdrom ? "cdrom" : "disk" },
    element("driver", { name: "qemu", type: disk.format }),
    element("source", { file: disk.file }),
    element("target", { dev: target, bus: disk.bus }),
    disk.readOnly ? element("readonly") : undefined,
  );
}

function interfaceElement(spec: InterfaceSpec): Element {
  const [type, source] =
    "network" in spec
      ? ["network", element("source", { network: spec.network })]
      : "bridge" in spec
        ? ["bridge", element("source", { bridge: spec.bridge })]
        : ["user", undefined];
  return element(
    "interface",
    { type },
    element("mac", { address: spec.mac }),
    source,
    element("model", { type: spec.model }),
  );
}

/** libvirt adds the `<console>` that goes with it. */
function serialElement(serial: NonNullable<DomainSpec["serial"]>): Element {
  if (serial === "pty") return element("serial", { type: "pty" }, element("target", { port: 0 }));
  return element(
    "serial",
    { type: "file" },
    element("source", { path: serial.file }),
    element("target", { port: 0 }),
  );
}

/** libvirt chooses the socket. */
function agentElement(): Element {
  return element("channel", { type: "unix" }, element("target", { type: "virtio", name: agentChannel }));
}

function balloonElement(balloon: boolean): Element {
  if (!balloon) return element("memballoon", { model: "none" });
  return element("memballoon", { model: "virtio" }, element("stats", { period: balloonPeriod }));
}
