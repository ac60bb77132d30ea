import { sourceKey } from "./disk-source.ts";
import { interfaceMac, namedInterfaceMac } from "./identity.ts";
import type { DiskInput, InterfaceInput } from "./inputs.ts";
import { type ListEntry, matchEntries } from "./match-entries.ts";

/** By what an entry of `disks` is recognized. */
export function diskEntry(disk: DiskInput): ListEntry {
  const identity = sourceKey(disk);
  const { device, bus } = completeDisk(disk);
  return { name: disk.name, identity, content: JSON.stringify([identity, device, bus]) };
}

/** By what an entry of `interfaces` is recognized. */
export function interfaceEntry({ name, mac, ...rest }: InterfaceInput): ListEntry {
  const { network, bridge, user, model, link } = rest;
  return { name, identity: mac, content: JSON.stringify([network, bridge, user, model, link]) };
}

/** An entry of `disks` with its defaults, as the definition has it. */
export function completeDisk({ name: _, size: __, onDelete: ___, ...entry }: DiskInput) {
  const { bus, readOnly = false } = entry;
  // Disks on these buses can't be read-only.
  const isDrive = readOnly && (bus === "ide" || bus === "sata");
  const device = entry.device ?? (isDrive ? "cdrom" : "disk");
  const isCdrom = device === "cdrom";
  return {
    ...entry,
    device,
    bus: bus ?? (isCdrom ? "sata" : "virtio"),
    format: entry.format ?? (entry.device === "cdrom" || entry.block !== undefined ? "raw" : "qcow2"),
    readOnly: readOnly || isCdrom,
  } as const;
}

/** An entry of `interfaces` with its defaults. */
export function completeInterface({ mac = "", model = "virtio", network, bridge, link }: InterfaceInput) {
  const rest = { model, mac, ...(link !== undefined && { link }) };
  if (network !== undefined) return { kind: "network", source: network, ...rest };
  if (bridge !== undefined) return { kind: "bridge", source: bridge, ...rest };
  return { kind: "user", ...rest };
}

/** Where a MAC comes from that the program doesn't set. */
export interface MacSource {
  urn: string;
  old: InterfaceInput[];
}

/**
 * The interfaces with a MAC each. One that was there before keeps its MAC, unless the program now gives that to another one; a new
 * one gets it from its name, and from its place in the list where it has none.
 */
export function withMacs(interfaces: InterfaceInput[], { urn, old }: MacSource): InterfaceInput[] {
  const taken = new Set(interfaces.flatMap((one) => (typeof one === "object" ? (one.mac ?? []) : [])));
  const matches = keptEntries(interfaces, old);
  const kept = interfaces.map((one, index) => {
    const mac = old[matches[index] ?? -1]?.mac;
    if (typeof one !== "object" || one.mac !== undefined || mac === undefined || taken.has(mac)) return one;
    taken.add(mac);
    return { ...one, mac };
  });
  return kept.map((one, index) => {
    if (typeof one !== "object" || one.mac !== undefined) return one;
    const named = one.name === undefined ? undefined : namedInterfaceMac(urn, one.name);
    const mac = named === undefined || taken.has(named) ? freeMac(urn, index, taken) : named;
    taken.add(mac);
    return { ...one, mac };
  });
}

/** Which earlier interface each one is. */
export function keptEntries(interfaces: InterfaceInput[], old: InterfaceInput[]): (number | undefined)[] {
  return matchEntries(interfaces.map(entryOf), old.map(entryOf));
}

/** An entry that isn't known yet is like no other. */
function entryOf(one: InterfaceInput): ListEntry {
  return typeof one === "object" ? interfaceEntry(one) : {};
}

/** The MAC of a place in the list; where an interface that moved has it, that of a later place. */
function freeMac(urn: string, index: number, taken: ReadonlySet<string>): string {
  for (let place = index; ; place++) {
    const mac = interfaceMac(urn, place);
    if (!taken.has(mac)) return mac;
  }
}
