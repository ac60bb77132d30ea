import type { Input } from "@pulumi/pulumi";
import type { Size } from "./size.ts";

/** A disk image. Its device name in the guest follows from its bus and its place in the list (vda, vdb, sda, …). */
export interface DiskArgs {
  /** Absolute path of the image on the host where libvirt runs. It must exist, unless `size` is set. */
  file: Input<string>;
  /** Format of the image. Default: `"qcow2"`. */
  format?: Input<"qcow2" | "raw">;
  /** Bus of the device. Default: `"virtio"`. */
  bus?: Input<"virtio" | "scsi" | "sata" | "ide" | "usb">;
  /** Whether the guest can only read the disk. On `sata` and `ide` this makes it a CD-ROM. Default: false. */
  readOnly?: Input<boolean>;
  /**
   * What the image has at least, up to 2 PiB. Where there is no file, an empty image of that size is made through libvirt's storage
   * API, also on a remote host. A larger value grows the image: on the running domain at once, without a restart. The guest then
   * sees a larger disk; its partitions and file systems are grown in the guest. An image never shrinks: a value below what it has
   * is refused.
   */
  size?: Input<Size>;
  /**
   * What happens to an image that the provider made for `size` when the domain is deleted. An image that was there before is
   * never deleted. Default: `"keep"`.
   */
  onDelete?: Input<"delete" | "keep">;
}
