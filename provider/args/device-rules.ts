import { completeDisk } from "./device-entries.ts";
import { sourceKey } from "./disk-source.ts";
import type { Failure } from "./failure.ts";
import type { DiskInput, Inputs } from "./inputs.ts";
import { UNKNOWN } from "./unknown.ts";

type List = "disks" | "interfaces";

/** Entries with the same name could not be told apart. */
export function namesDiffer(inputs: Partial<Inputs>): Failure[] {
  return (["disks", "interfaces"] as const).flatMap((list) =>
    duplicates(list, "name", entriesOf(inputs, list)),
  );
}

/** QEMU locks an image that it writes, so that a domain can't start that has it twice. */
export function filesDiffer(inputs: Partial<Inputs>): Failure[] {
  const disks = entriesOf(inputs, "disks").map((disk): Entry => {
    const { file, block, pool, volume, readOnly } = disk as Partial<DiskInput>;
    const isKnown = ![pool, volume].some((one) => one === undefined || one === UNKNOWN);
    return {
      ...{ file, block, volume: isKnown ? `${pool}/${volume}` : undefined },
      readOnly: readOnly ?? isReadOnly(disk),
    };
  });
  return ["file", "block", "volume"].flatMap((source) => {
    const written = new Set(disks.flatMap((disk) => (disk.readOnly === false ? [disk[source]] : [])));
    return duplicates("disks", source, disks, (image) => written.has(image));
  });
}

export function macsDiffer(inputs: Partial<Inputs>): Failure[] {
  return duplicates("interfaces", "mac", entriesOf(inputs, "interfaces"));
}

/** libvirt: "boot order '1' used for more than one device". */
export function bootOrdersDiffer(inputs: Partial<Inputs>): Failure[] {
  return duplicates("disks", "bootOrder", entriesOf(inputs, "disks"));
}

/** What no bus has: a virtio drive, an empty one on USB, and a disk on IDE or SATA that the guest can only read. */
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

function duplicates(
  list: List,
  field: string,
  entries: Entry[],
  isUnique = (_value: unknown) => true,
): Failure[] {
  const firsts = new Map<unknown, number>();
  return entries.flatMap((entry, index) => {
    const value = entry[field];
    if (value === undefined || value === UNKNOWN || !isUnique(value)) return [];
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
