import { memory, type Row } from "./row.ts";

/** Of disks and interfaces. */
export const DEVICES: Record<string, Row[]> = {
  namesDiffer: [
    [
      "two disks of one name",
      {
        memory,
        disks: [
          { name: "a", file: "/a" },
          { name: "a", file: "/b" },
        ],
      },
      "disks[1].name",
      "duplicates disks[0].name (a)",
    ],
    [
      "two interfaces of one name",
      {
        memory,
        interfaces: [
          { name: "lan", user: true },
          { name: "lan", user: true },
        ],
      },
      "interfaces[1].name",
      "duplicates interfaces[0].name (lan)",
    ],
  ],
  sourcesDiffer: [
    [
      "two disks of one file, of which one is written",
      { memory, disks: [{ file: "/a", readOnly: true }, { file: "/a" }] },
      "disks[1].file",
      "duplicates disks[0].file (/a)",
    ],
    [
      "one file in two spellings",
      { memory, disks: [{ file: "/images/a" }, { file: "/images//./b/../a" }] },
      "disks[1].file",
      "duplicates disks[0].file (/images/a)",
    ],
    [
      "one block device",
      { memory, disks: [{ block: "/dev/vg/a" }, { file: "/b" }, { block: "/dev/vg/a" }] },
      "disks[2].block",
      "duplicates disks[0].block (/dev/vg/a)",
    ],
    [
      "one volume",
      {
        memory,
        disks: [
          { pool: "p", volume: "a" },
          { pool: "p", volume: "a", readOnly: true },
        ],
      },
      "disks[1].volume",
      "duplicates disks[0].volume (p/a)",
    ],
  ],
  macsAreNotReserved: [
    [
      "a MAC that libvirt keeps for the host",
      { memory, interfaces: [{ network: "default", mac: "FE:54:00:00:00:01" }] },
      "interfaces[0].mac",
      'is fe:54:00:00:00:01, but libvirt reserves addresses that start with "fe" for the host; use another one, such as one that starts with "52:54:00"',
    ],
  ],
  macsDiffer: [
    [
      "one MAC in two spellings",
      {
        memory,
        interfaces: [
          { user: true, mac: "52:54:00:00:00:0a" },
          { user: true, mac: "52:54:00:00:00:0A" },
        ],
      },
      "interfaces[1].mac",
      "duplicates interfaces[0].mac (52:54:00:00:00:0a)",
    ],
  ],
  bootOrdersDiffer: [
    [
      "two disks with one boot order",
      {
        memory,
        disks: [
          { file: "/a", bootOrder: 1 },
          { file: "/b", bootOrder: 1 },
        ],
      },
      "disks[1].bootOrder",
      "duplicates disks[0].bootOrder (1)",
    ],
  ],
  busTakesDevice: [
    [
      "a CD-ROM drive on virtio",
      { memory, disks: [{ device: "cdrom", bus: "virtio" }] },
      "disks[0].bus",
      'is "virtio", which has no CD-ROM drives; use "sata", "scsi", "usb" or "ide"',
    ],
    [
      "an empty CD-ROM drive on USB",
      { memory, disks: [{ device: "cdrom", bus: "usb" }] },
      "disks[0].bus",
      'is "usb", on which a CD-ROM drive can\'t be empty; set file, or use "sata", "scsi" or "ide"',
    ],
    [
      "a disk on SATA that can only be read",
      { memory, disks: [{ file: "/a", device: "disk", bus: "sata", readOnly: true }] },
      "disks[0].readOnly",
      'is true, but a disk on bus "sata" can\'t be read-only; use bus "virtio" or "scsi", or device "cdrom"',
    ],
  ],
  addressesCanBeFound: [
    [
      "a wait on the user-mode network without an agent",
      { memory, agent: false, interfaces: [{ bridge: "br0" }, { user: true, waitForAddress: 60 }] },
      "interfaces[1].waitForAddress",
      "needs the guest agent: nothing else reports addresses on the user-mode network; remove agent: false, or set network or bridge instead of user",
    ],
  ],
};
