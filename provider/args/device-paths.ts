import { isRecord } from "../is-record.ts";
import { type DiskSource, sourceField, sourceKey } from "./disk-source.ts";
import type { Inputs } from "./inputs.ts";

/** The argument that names a disk's source, before a message: `disks[0].file: `; "" where the program doesn't name it. */
export function atDisk({ disks }: Partial<Inputs>, key: string): string {
  const all: unknown[] = Array.isArray(disks) ? disks : [];
  const index = all.findIndex((one) => isRecord(one) && sourceKey(one as DiskSource) === key);
  return index === -1 ? "" : `disks[${index}].${sourceField(all[index] as DiskSource)}: `;
}

/** The same for an argument of an interface with this value. */
export function atInterface(
  { interfaces }: Partial<Inputs>,
  field: "network" | "bridge" | "mac",
  value: string,
): string {
  const all: unknown[] = Array.isArray(interfaces) ? interfaces : [];
  const index = all.findIndex((one) => isRecord(one) && one[field] === value);
  return index === -1 ? "" : `interfaces[${index}].${field}: `;
}
