import { matchEntries } from "../../args/match-entries.ts";
import type { DeviceKind } from "./device-kind.ts";
import { type DeviceKey, matchDevices } from "./match-devices.ts";

/** A list of devices in a domain, before a change of the list and after it. */
export interface ListedDevices<State> {
  /** The device of each entry before. */
  old: (State | undefined)[];
  /** Devices that no entry before has. */
  left: State[];
  /** The entry before that each entry is. */
  matches: (number | undefined)[];
  /** The device that each entry has already. */
  present: (State | undefined)[];
  /** What each entry's device is to be: what a domain has already keeps its place and its alias. */
  wanted: State[];
}

/**
 * @param taken devices whose places a new one can't have
 * @param planned new devices whose places are decided already
 */
export function listedDevices<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  { before, news }: { before: Entry[]; news: Entry[] },
  devices: State[],
  taken: State[] = devices,
  planned: State[] = [],
): ListedDevices<State> {
  const keys = news.map((entry) => entryKey(kind, entry));
  const old = devicesOf(kind, before, devices);
  const matches = matchEntries(news.map(kind.entry), before.map(kind.entry));
  const had = new Set(old);
  const left = devices.filter((device) => !had.has(device));
  // What an interrupted update has attached.
  const found = matchDevices(keys, left, kind.key);
  const present = matches.map(
    (index, place) => (index === undefined ? undefined : old[index]) ?? found[place],
  );
  const places = matchDevices(keys, planned, kind.key);
  const wanted = kind.wanted(
    news,
    present.map((device, index) => device ?? places[index]),
    taken,
  );
  return { old, left, matches, present, wanted };
}

/** The devices of a list that a domain was made with. */
function devicesOf<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  entries: Entry[],
  devices: State[],
): (State | undefined)[] {
  const made = kind.made(entries);
  const keys = entries.map((entry, index): DeviceKey => {
    const { place, drive } = made[index] === undefined ? {} : kind.key(made[index]);
    return { ...entryKey(kind, entry), ...(entry.name === undefined && { place, drive }) };
  });
  return matchDevices(keys, devices, kind.key);
}

function entryKey<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  entry: Entry,
): DeviceKey {
  return { alias: kind.alias(entry), identity: kind.entry(entry).identity };
}
