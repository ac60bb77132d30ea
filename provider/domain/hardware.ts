import { graphicsElement } from "./graphics.ts";
import type {
  DiskBus,
  DiskSpec,
  DomainSpec,
  InterfaceSpec,
  RngSpec,
  TpmSpec,
  VideoSpec,
  WatchdogSpec,
} from "./spec.ts";
import { type Element, element } from "./tree.ts";
import { virtioMemElement } from "./virtio-mem.ts";

/** The seconds between two reports of the balloon: short, since an update waits for them. */
const BALLOON_PERIOD = 2;

/** The name of the QEMU guest agent's channel. */
export const AGENT_CHANNEL = "org.qemu.guest_agent.0";

/** The elements in `<devices>` for a spec. */
export function deviceElements(spec: Partial<DomainSpec>): Element[] {
  const disks = spec.disks ?? [];
  const targets = diskTargets(disks.map((disk) => disk.bus));
  return [
    ...disks.map((disk, index) => diskElement(disk, targets[index] ?? "")),
    // libvirt's default is an LSI controller, for which few guests have a driver today.
    ...(disks.some((disk) => disk.bus === "scsi")
      ? [element("controller", { type: "scsi", index: 0, model: "virtio-scsi" })]
      : []),
    ...(spec.interfaces ?? []).map(interfaceElement),
    ...(spec.serial === undefined ? [] : [serialElement(spec.serial)]),
    ...(spec.agent ? [agentElement()] : []),
    ...(spec.tpm === undefined ? [] : [tpmElement(spec.tpm)]),
    ...(spec.graphics === undefined ? [] : [graphicsElement(spec.graphics)]),
    ...(spec.video === undefined ? [] : [videoElement(spec.video)]),
    ...(spec.watchdog === undefined ? [] : [watchdogElement(spec.watchdog)]),
    ...(spec.balloon === undefined ? [] : [balloonElement(spec.balloon)]),
    ...(spec.rng === undefined ? [] : [rngElement(spec.rng)]),
    ...(spec.virtioMem ?? []).map(virtioMemElement),
  ];
}

const DEVICE_PREFIXES: Readonly<Record<DiskBus, string>> = {
  virtio: "vd",
  scsi: "sd",
  sata: "sd",
  usb: "sd",
  ide: "hd",
};

/** The target device of each disk, counted per prefix as in a guest (vda, …, vdz, vdaa). */
export function diskTargets(buses: readonly DiskBus[]): string[] {
  const counts = new Map<string, number>();
  return buses.map((bus) => {
    const prefix = DEVICE_PREFIXES[bus];
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
  return element(
    "interface",
    { type: spec.kind },
    element("mac", { address: spec.mac }),
    interfaceSource(spec),
    element("model", { type: spec.model }),
  );
}

function interfaceSource(spec: InterfaceSpec): Element | undefined {
  switch (spec.kind) {
    case "network":
      return element("source", { network: spec.network });
    case "bridge":
      return element("source", { bridge: spec.bridge });
    case "user":
      return undefined;
  }
}

/** libvirt adds the matching `<console>`. */
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
  return element("channel", { type: "unix" }, element("target", { type: "virtio", name: AGENT_CHANNEL }));
}

function balloonElement(balloon: boolean): Element {
  if (!balloon) return element("memballoon", { model: "none" });
  return element("memballoon", { model: "virtio" }, element("stats", { period: BALLOON_PERIOD }));
}

function videoElement({ model, heads }: VideoSpec): Element {
  return element("video", {}, element("model", { type: model, heads }));
}

function rngElement({ source, rate }: RngSpec): Element {
  return element(
    "rng",
    { model: "virtio" },
    rate && element("rate", { bytes: rate.bytes, period: rate.period }),
    element("backend", { model: "random" }, source),
  );
}

function tpmElement({ model, version }: TpmSpec): Element {
  return element("tpm", { model: `tpm-${model}` }, element("backend", { type: "emulator", version }));
}

function watchdogElement({ model, action }: WatchdogSpec): Element {
  return element("watchdog", { model, action });
}
