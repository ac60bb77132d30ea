import { defined } from "../defined.ts";
import type { DiskSpec } from "./spec.ts";
import type { DiskState } from "./state.ts";
import {
  attribute,
  children,
  type Element,
  element,
  find,
  type SharedElement,
  serialiseNode,
  textOf,
} from "./tree.ts";

/** The disks and CD-ROM drives of a domain, in the order of the XML. */
export function readDisks(domain: SharedElement): DiskState[] {
  return children(find(domain, "devices"), "disk").map(readDisk);
}

function readDisk(disk: SharedElement): DiskState {
  const [driver, source, target] = ["driver", "source", "target"].map((name) => find(disk, name));
  const device = attribute(disk, "device") ?? "disk";
  const bootOrder = attribute(find(disk, "boot"), "order");
  return defined({
    device: device === "cdrom" ? ("cdrom" as const) : ("disk" as const),
    bus: attribute(target, "bus") ?? "",
    target: attribute(target, "dev") ?? "",
    file: attribute(source, "file"),
    block: attribute(source, "dev"),
    pool: attribute(source, "pool"),
    volume: attribute(source, "volume"),
    format: attribute(driver, "type"),
    readOnly: device === "cdrom" || find(disk, "readonly") !== undefined,
    isShared: find(disk, "shareable") !== undefined ? (true as const) : undefined,
    cache: attribute(driver, "cache"),
    discard: attribute(driver, "discard"),
    serial: textOf(find(disk, "serial")).trim() || undefined,
    bootOrder: bootOrder === undefined ? undefined : Number(bootOrder),
    alias: attribute(find(disk, "alias"), "name"),
  });
}

export function diskElement(disk: DiskSpec, target: string): Element {
  const { device, bus, format, readOnly, cache, discard, serial, bootOrder, alias } = disk;
  return element(
    "disk",
    { type: sourceType(disk), device },
    element("driver", { name: "qemu", type: format, cache, discard }),
    sourceElement(disk),
    element("target", { dev: target, bus }),
    readOnly ? element("readonly") : undefined,
    serial === undefined ? undefined : element("serial", {}, serial),
    bootOrder === undefined ? undefined : element("boot", { order: bootOrder }),
    alias === undefined ? undefined : element("alias", { name: alias }),
  );
}

function sourceType({ block, pool }: DiskSpec): "file" | "block" | "volume" {
  if (block !== undefined) return "block";
  return pool === undefined ? "file" : "volume";
}

function sourceElement({ file, block: dev, pool, volume }: DiskSpec): Element | undefined {
  const isEmpty = [file, dev, pool].every((one) => one === undefined);
  return isEmpty ? undefined : element("source", { file, dev, pool, volume });
}

/** The XML that attaches or changes a disk. */
export function diskXml(disk: DiskSpec & { target: string }): string {
  return serialiseNode(diskElement(disk, disk.target));
}

/** libvirt's default is an LSI controller, for which few guests have a driver today. */
export function scsiControllerElement(): Element {
  return element("controller", { type: "scsi", index: 0, model: "virtio-scsi" });
}

export function scsiControllerXml(): string {
  return serialiseNode(scsiControllerElement());
}

export function hasScsiController(domain: SharedElement): boolean {
  return children(find(domain, "devices"), "controller").some((one) => attribute(one, "type") === "scsi");
}
