import { isDeepStrictEqual } from "node:util";
import { diskEntry, interfaceEntry } from "../args/device-entries.ts";
import { imageSource, sourceKey } from "../args/disk-source.ts";
import type { DiskInput, InterfaceInput } from "../args/inputs.ts";
import { type ListEntry, matchEntries } from "../args/match-entries.ts";
import { isRecord } from "../is-record.ts";
import { formatBytes, readBytes } from "../units/bytes.ts";
import { isCanonicalSize } from "../units/size.ts";
import type { Properties } from "./properties.ts";

/** A list of devices, and how a text names one of them. */
interface DeviceList<T> {
  noun: string;
  entry: (device: T) => ListEntry;
  nameOf: (device: T) => string | undefined;
}

const DISKS: DeviceList<DiskInput> = {
  noun: "disk",
  entry: diskEntry,
  nameOf: (disk) => disk.name ?? (imageSource(disk) === undefined ? undefined : sourceKey(disk)),
};

const INTERFACES: DeviceList<InterfaceInput> = {
  noun: "interface",
  entry: interfaceEntry,
  nameOf: ({ name, network, bridge, mac }) => name ?? network ?? bridge ?? mac,
};

/** A text for each disk and network interface that is added, removed or changed. */
export function deviceChanges(before: Properties, after: Properties): string[] {
  return [
    ...changesOf(DISKS, before.disks, after.disks),
    ...changesOf(INTERFACES, before.interfaces, after.interfaces),
  ];
}

function changesOf<T>({ noun, entry, nameOf }: DeviceList<T>, before: unknown, after: unknown): string[] {
  const [old, now] = [listOf<T>(before), listOf<T>(after)];
  if (isDeepStrictEqual(old, now)) return [];
  const found = matchEntries(now.map(entry), old.map(entry));
  const named = (device: T, index: number) => `${noun} ${nameOf(device) ?? index}`;
  return [
    ...old.flatMap((device, index) => (found.includes(index) ? [] : [`${named(device, index)} removed`])),
    ...now.flatMap((device, index) => {
      const earlier = old[found[index] ?? -1];
      if (earlier === undefined) return [`${named(device, index)} added${sizeText(device)}`];
      if (isDeepStrictEqual(earlier, device)) return [];
      const [from, to] = [sizeOf(earlier), sizeOf(device)];
      const change = from === undefined || to === undefined || from === to ? " changed" : ` ${from} → ${to}`;
      return [`${named(device, index)}${change}`];
    }),
  ];
}

function listOf<T>(value: unknown): T[] {
  return (Array.isArray(value) ? value : []).filter(isRecord) as T[];
}

function sizeOf(device: unknown): string | undefined {
  const size = isRecord(device) ? device.size : undefined;
  return isCanonicalSize(size) ? formatBytes(readBytes(size)) : undefined;
}

function sizeText(device: unknown): string {
  const size = sizeOf(device);
  return size === undefined ? "" : ` (${size})`;
}
