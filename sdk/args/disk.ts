import type { Input } from "@pulumi/pulumi";
import type { Size } from "./size.ts";

/** A disk, or a CD-ROM drive. */
export interface DiskArgs {
  /**
   * A stable name, 1 to 32 letters, digits, `-` and `_`: the disk keeps its device name, its address and its alias
   * (`ua-pulumi-disk-<name>`) when other disks are added or removed, or the list is reordered. Default: none; then the disk is
   * recognized by its file, and last by its place in the list.
   */
  name?: Input<string>;
  /**
   * Absolute path of the image on the host where libvirt runs. It must exist, unless `size` is set. Either this, or `block`, or
   * `pool` and `volume`, unless `device` is `"cdrom"`: without any of them the drive is empty. A change of a drive's medium is
   * applied to the running domain.
   */
  file?: Input<string>;
  /** Absolute path of a block device on the host, such as an LVM volume. */
  block?: Input<string>;
  /** The libvirt storage pool that `volume` is in. */
  pool?: Input<string>;
  /** A volume of the storage pool. It must exist, unless `size` is set. */
  volume?: Input<string>;
  /** Format of the image. Default: `"qcow2"`, and `"raw"` where `device` is `"cdrom"` or `block` is set. */
  format?: Input<"qcow2" | "raw">;
  /**
   * Bus of the device. Disks on `virtio`, `scsi` and `usb` can be attached to and detached from a running domain. Default:
   * `"virtio"`, and `"sata"` where `device` is `"cdrom"`.
   */
  bus?: Input<"virtio" | "scsi" | "sata" | "ide" | "usb">;
  /** Whether it is a disk or a CD-ROM drive. Default: `"disk"`, unless `readOnly` makes it a drive. */
  device?: Input<"disk" | "cdrom">;
  /** Whether the guest can only read the disk. On `sata` and `ide` this makes it a CD-ROM. Default: false. */
  readOnly?: Input<boolean>;
  /** How QEMU caches the disk on the host. Default: QEMU's own, `"writeback"`. A change takes effect at the next boot. */
  cache?: Input<"none" | "writeback" | "writethrough" | "directsync" | "unsafe">;
  /** Whether the image gives up what the guest discards. Default: QEMU's own. A change takes effect at the next boot. */
  discard?: Input<"unmap" | "ignore">;
  /**
   * The serial number that the guest sees, 1 to 20 letters, digits and `_ . + -`. Default: none. A change takes effect at the next
   * boot.
   */
  serial?: Input<string>;
  /**
   * The disk's place in the order in which the firmware tries to boot, from 1, each at most once. Default: none: if no disk has
   * one, the firmware tries the first one. A change takes effect at the next boot.
   */
  bootOrder?: Input<number>;
  /**
   * The minimum size of the image, up to 2 PiB. Where there is no file, an empty image of that size is made through libvirt's storage
   * API, also on a remote host. A larger value grows the image: on the running domain at once, without a restart. The guest then
   * sees a larger disk; its partitions and file systems are grown in the guest. An image never shrinks: a value below its present
   * size is refused.
   */
  size?: Input<Size>;
  /**
   * What happens to an image that the provider made for `size` when the domain is deleted, or the disk is removed from the program.
   * `"delete"`: it is deleted once no domain of the host uses it any more; the preview announces that. An image that was there before is
   * never deleted, and a replacement keeps all images. Default: `"keep"`.
   */
  onDelete?: Input<"delete" | "keep">;
}
