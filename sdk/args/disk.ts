import type { Input } from "@pulumi/pulumi";

/** A disk, or a CD-ROM drive. */
export interface DiskArgs {
  /**
   * A stable name, 1 to 32 letters, digits, `-` and `_`: the disk keeps its device name, its address and its alias
   * (`ua-pulumi-disk-<name>`) when other disks are added or removed, or the list is reordered. Default: none; then the disk is
   * recognized by its file, and last by its place in the list.
   */
  name?: Input<string>;
  /**
   * Absolute path of the image on the host where libvirt runs. The provider neither creates nor deletes it. Required, unless
   * `device` is `"cdrom"`: without it the drive is empty. A change of a drive's medium is applied to the running domain.
   */
  file?: Input<string>;
  /** Format of the image. Default: `"qcow2"`, and `"raw"` where `device` is `"cdrom"`. */
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
}
