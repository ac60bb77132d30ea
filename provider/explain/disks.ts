import { readMade } from "../args/disk-images.ts";
import { sourceKey } from "../args/disk-source.ts";
import { defined } from "../defined.ts";
import type { DiskState, DomainState } from "../domain/state.ts";
import { ALIASES } from "../plan/device-list/aliases.ts";
import type { Observed } from "../plan/observed.ts";
import { type Bytes, formatBytes } from "../units/bytes.ts";
import type { DeviceLook } from "./look.ts";
import { describePresence, inEither, type Presence } from "./presence.ts";

export interface ExplainedDisk extends Presence {
  target: string;
  /** In the program, by its alias. */
  name?: string;
  device: DiskState["device"];
  bus: string;
  /** The file, the block device, or the pool and the volume; undefined for an empty drive. */
  source?: string;
  format?: string;
  capacity?: Bytes;
  readOnly: boolean;
  /** This provider made the image. */
  made: boolean;
}

export function explainedDisks(
  { live, nextBoot }: Observed,
  { writtenImages }: Pick<DomainState, "writtenImages">,
  { capacities }: Pick<DeviceLook, "capacities">,
): ExplainedDisk[] {
  const made = readMade(writtenImages);
  const key = (disk: DiskState) => `${disk.target} ${sourceKey(disk)}`;
  return inEither(live?.disks, nextBoot?.disks, key).map(({ device: disk, presence }) => {
    const { target, alias, device, bus, format, readOnly } = disk;
    const source = sourceKey(disk);
    const isNamed = alias?.startsWith(ALIASES.disk) === true && alias[ALIASES.disk.length] !== "_";
    return defined({
      ...{ target, device, bus, format, readOnly, source, ...presence },
      name: isNamed ? alias.slice(ALIASES.disk.length) : undefined,
      capacity: capacities.get(target),
      made: source !== undefined && made.includes(source),
    });
  });
}

/** `vdb "data": /var/lib/data.qcow2, 2 GiB, qcow2 on virtio; image made by this provider` */
export function describeDisk(disk: ExplainedDisk, areBoth: boolean): string {
  const { target, name, device, bus, source = "empty", format, capacity, readOnly, made } = disk;
  const what = [
    ...(device === "cdrom" ? ["CD-ROM"] : []),
    ...(format === undefined || source === "empty" ? [] : [format]),
    `on ${bus}`,
  ].join(" ");
  return [
    [
      `${target}${name === undefined ? "" : ` "${name}"`}: ${source}`,
      ...(capacity === undefined ? [] : [formatBytes(capacity)]),
      what,
      ...(readOnly && device !== "cdrom" ? ["read-only"] : []),
    ].join(", "),
    ...(made ? ["image made by this provider"] : []),
    ...describePresence(disk, areBoth),
  ].join("; ");
}
