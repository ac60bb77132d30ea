import { diskTargets } from "../units/disk-targets.ts";
import { diskElement, scsiControllerElement } from "./disks.ts";
import { interfaceElement } from "./interfaces.ts";
import type { DomainSpec } from "./spec.ts";
import { type Element, element } from "./tree.ts";
import { virtioMemElement } from "./virtio-mem.ts";

/** The seconds between two reports of the balloon: short, since an update waits for them. */
const BALLOON_PERIOD = 2;

/** The name of the QEMU guest agent's channel. */
export const AGENT_CHANNEL = "org.qemu.guest_agent.0";

/** The elements in `<devices>` for a spec. */
export function deviceElements(spec: Partial<DomainSpec>): Element[] {
  const disks = spec.disks ?? [];
  const targets = diskTargets(disks);
  return [
    ...disks.map((disk, index) => diskElement(disk, targets[index] ?? "")),
    ...(disks.some((disk) => disk.bus === "scsi") ? [scsiControllerElement()] : []),
    ...(spec.interfaces ?? []).map(interfaceElement),
    ...(spec.serial === undefined ? [] : [serialElement(spec.serial)]),
    ...(spec.agent ? [agentElement()] : []),
    ...(spec.balloon === undefined ? [] : [balloonElement(spec.balloon)]),
    ...(spec.virtioMem ?? []).map(virtioMemElement),
  ];
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
