import type { Input } from "@pulumi/pulumi";

/** A disk image. Its device name in the guest follows from its bus and its place in the list (vda, vdb, sda, …). */
export interface DiskArgs {
  /** Absolute path of the image on the host where libvirt runs. The provider neither creates nor deletes it. */
  file: Input<string>;
  /** Format of the image. Default: `"qcow2"`. */
  format?: Input<"qcow2" | "raw">;
  /** Bus of the device. Default: `"virtio"`. */
  bus?: Input<"virtio" | "scsi" | "sata" | "ide" | "usb">;
  /** Whether the guest can only read the disk. On `sata` and `ide` this makes it a CD-ROM. Default: false. */
  readOnly?: Input<boolean>;
}
