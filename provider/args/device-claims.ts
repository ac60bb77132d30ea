import { completeDisk } from "./device-entries.ts";
import { sourceField, sourceKey } from "./disk-source.ts";
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
  /** The state of the resource doesn't have it. */
  isNew: boolean;
}

type Claimed = Omit<DeviceClaim, "isNew">;

/**
 * The claims of the entries that are known.
 *
 * @param olds the inputs that the state has
 */
export function deviceClaims(inputs: Partial<Inputs>, olds: Partial<Inputs>): DeviceClaim[] {
  const present = claimsOf(olds);
  const isPresent = ({ kind, key, writes, runs }: Claimed) =>
    present.some((one) => one.kind === kind && one.key === key && one.writes === writes && one.runs === runs);
  return claimsOf(inputs).map((claim) => ({ ...claim, isNew: !isPresent(claim) }));
}

function claimsOf({ disks, interfaces, running }: Partial<Inputs>): Claimed[] {
  const runs = running !== false;
  return [
    ...known<DiskInput>(disks).flatMap(([disk, index]): Claimed[] => {
      const key = sourceKey(disk);
      const property = `disks[${index}].${sourceField(disk)}`;
      return key === undefined
        ? []
        : [{ property, kind: "disk", key, writes: !completeDisk(disk).readOnly, runs }];
    }),
    ...known<InterfaceInput>(interfaces).flatMap(([{ mac }, index]): Claimed[] =>
      mac === undefined
        ? []
        : [{ property: `interfaces[${index}].mac`, kind: "mac", key: mac, writes: true, runs }],
    ),
  ];
}

/** Whether two claims exclude each other. What both domains have already was accepted earlier, and is left to them. */
export function isClash(ours: DeviceClaim, theirs: DeviceClaim): boolean {
  if (ours.kind !== theirs.kind || ours.key !== theirs.key || !(ours.isNew || theirs.isNew)) return false;
  return (ours.writes && theirs.writes) || ((ours.writes || theirs.writes) && ours.runs && theirs.runs);
}

function known<Entry>(list: unknown): [entry: Entry, index: number][] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: Entry, index) =>
    typeof entry !== "object" || entry === null || containsUnknown(entry) ? [] : [[entry, index]],
  );
}
