import { completeDisk } from "./device-entries.ts";
import { sameSourceKey, sourceField } from "./disk-source.ts";
import type { DiskInput, Inputs, InterfaceInput } from "./inputs.ts";
import { containsUnknown } from "./unknown.ts";

/** What the arguments of a domain ask for, and only one domain of its host may have. */
export interface DeviceClaim {
  /** Its place in the program: `disks[0].file`. */
  property: string;
  kind: "disk" | "mac";
  /** The source, or the address. */
  key: string;
  writes: boolean;
  /** The domain is to run. */
  runs: boolean;
}

/** The claims of the entries that are known. */
export function deviceClaims({ disks, interfaces, running }: Partial<Inputs>): DeviceClaim[] {
  const runs = running !== false;
  return [
    ...known<DiskInput>(disks).flatMap(([disk, index]): DeviceClaim[] => {
      const key = sameSourceKey(disk);
      const property = `disks[${index}].${sourceField(disk)}`;
      return key === undefined
        ? []
        : [{ property, kind: "disk", key, writes: !completeDisk(disk).readOnly, runs }];
    }),
    ...known<InterfaceInput>(interfaces).flatMap(([{ mac }, index]): DeviceClaim[] =>
      mac === undefined
        ? []
        : [{ property: `interfaces[${index}].mac`, kind: "mac", key: mac, writes: true, runs }],
    ),
  ];
}

/** Whether two claims exclude each other. */
export function isClash(ours: DeviceClaim, theirs: DeviceClaim): boolean {
  if (ours.kind !== theirs.kind || ours.key !== theirs.key) return false;
  return (ours.writes && theirs.writes) || ((ours.writes || theirs.writes) && ours.runs && theirs.runs);
}

function known<Entry>(list: unknown): [entry: Entry, index: number][] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: Entry, index) => (containsUnknown(entry) ? [] : [[entry, index]]));
}
