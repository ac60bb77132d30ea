import { readXml } from "./parse.ts";
import { attribute, element, find, serialiseNode, textOf } from "./tree.ts";

/** A disk image, as libvirt describes a volume of a storage pool. */
export interface Image {
  /** libvirt's name of the format that the file has. */
  format: string;
  /** What a guest sees, in bytes. */
  capacity: number;
}

/** Reads libvirt's description of a volume. */
export function readVolume(xml: string): Image {
  const root = readXml(xml);
  return {
    format: attribute(find(root, "target", "format"), "type") ?? "raw",
    // libvirt prints it in bytes.
    capacity: Number(textOf(find(root, "capacity"))),
  };
}

/** The description of a new volume, which only takes the space of what is written to it. */
export function volumeXml(name: string, { format, capacity }: Image): string {
  return serialiseNode(
    element(
      "volume",
      {},
      element("name", {}, name),
      element("capacity", { unit: "bytes" }, String(capacity)),
      element("allocation", {}, "0"),
      element(
        "target",
        {},
        element("format", { type: format }),
        // libvirt's default is the format of QEMU 0.10, without lazy reference counts and with slower snapshots.
        format === "qcow2" ? element("compat", {}, "1.1") : undefined,
      ),
    ),
  );
}
