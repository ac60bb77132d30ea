import { completeDisk } from "./device-entries.ts";
import { sourceField, sourceKey } from "./disk-source.ts";
import type { Failure } from "./failure.ts";
import type { DiskInput, Inputs, InterfaceInput } from "./inputs.ts";
import { containsUnknown, UNKNOWN } from "./unknown.ts";

type List = "disks" | "interfaces";

/** Entries with the same name could not be told apart. */
export function namesDiffer(inputs: Partial<Inputs>): Failure[] {
  return (["disks", "interfaces"] as const).flatMap((list) =>
    duplicates(list, "name", entriesOf(inputs, list)),
  );
}

/** QEMU locks the source of a writable disk, so a domain that has it twice can't start. */
export function sourcesDiffer(inputs: Partial<Inputs>): Failure[] {
  const disks = entriesOf(inputs, "disks").map((entry) => {
    const disk = entry as DiskInput;
    const isKnown = !containsUnknown([disk.file, disk.block, disk.pool, disk.volume, disk.device]);
    const readOnly = disk.readOnly ?? isReadOnly(entry);
    return { key: isKnown ? sourceKey(disk) : undefined, field: sourceField(disk), readOnly };
  });
  const written = new Set(disks.flatMap(({ key, readOnly }) => (readOnly === false ? [key] : [])));
  const firsts = new Map<string, number>();
  return disks.flatMap(({ key, field }, index) => {
    if (key === undefined || !written.has(key)) return [];
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, index);
    if (first === undefined) return [];
    const reason = `duplicates disks[${first}].${disks[first]?.field} (${key})`;
    return [{ property: `disks[${index}].${field}`, reason }];
  });
}

export function macsDiffer(inputs: Partial<Inputs>): Failure[] {
  return duplicates("interfaces", "mac", entriesOf(inputs, "interfaces"));
}

/** libvirt: "Unable to use MAC address starting with reserved value 0xFE": the host's end of the interface has it. */
export function macsAreNotReserved(inputs: Partial<Inputs>): Failure[] {
  return entriesOf(inputs, "interfaces").flatMap((entry, index) => {
    const { mac, user } = entry as Partial<InterfaceInput>;
    if (user === true || typeof mac !== "string" || !mac.startsWith("fe:")) return [];
    const reason = `is ${mac}, but libvirt reserves addresses that start with "fe" for the host; use another one, such as one that starts with "52:54:00"`;
    return [{ property: `interfaces[${index}].mac`, reason }];
  });
}

/** libvirt: "boot order '1' used for more than one device". */
export function bootOrdersDiffer(inputs: Partial<Inputs>): Failure[] {
  return duplicates("disks", "bootOrder", entriesOf(inputs, "disks"));
}

/** Combinations that no bus supports: a CD-ROM drive on virtio, an empty one on USB, and a read-only disk on IDE or SATA. */
export function busTakesDevice(inputs: Partial<Inputs>): Failure[] {
  return entriesOf(inputs, "disks").flatMap((disk, index) => {
    const { device, bus, readOnly, ...rest } = disk as Partial<DiskInput>;
    if (device === "cdrom" && bus === "virtio")
      return [
        {
          property: `disks[${index}].bus`,
          reason: 'is "virtio", which has no CD-ROM drives; use "sata", "scsi", "usb" or "ide"',
        },
      ];
    // QEMU: "usb-storage: drive property not set".
    if (device === "cdrom" && bus === "usb" && sourceKey(rest) === undefined)
      return [
        {
          property: `disks[${index}].bus`,
          reason:
            'is "usb", on which a CD-ROM drive can\'t be empty; set file, or use "sata", "scsi" or "ide"',
        },
      ];
    if (device === "disk" && readOnly === true && (bus === "sata" || bus === "ide"))
      return [
        {
          property: `disks[${index}].readOnly`,
          reason: `is true, but a disk on bus "${bus}" can't be read-only; use bus "virtio" or "scsi", or device "cdrom"`,
        },
      ];
    return [];
  });
}

type Entry = Record<string, unknown>;

function isReadOnly(disk: Entry): boolean {
  return completeDisk(disk as DiskInput).readOnly;
}

/** An entry that isn't known yet has nothing that could be compared. */
function entriesOf(inputs: Partial<Inputs>, list: List): Entry[] {
  const entries: unknown = inputs[list];
  return Array.isArray(entries) ? entries.map((entry) => (typeof entry === "object" ? entry : {})) : [];
}

function duplicates(list: List, field: string, entries: Entry[]): Failure[] {
  const firsts = new Map<unknown, number>();
  return entries.flatMap((entry, index) => {
    const value = entry[field];
    if (value === undefined || value === UNKNOWN) return [];
    const first = firsts.get(value);
    if (first === undefined) firsts.set(value, index);
    return first === undefined
      ? []
      : [
          {
            property: `${list}[${index}].${field}`,
            reason: `duplicates ${list}[${first}].${field} (${value})`,
          },
        ];
  });
}
