import type { Inputs } from "../args/inputs.ts";
import { readDisks } from "../domain/disks.ts";
import { readCards } from "../domain/interfaces.ts";
import { readDomainXml } from "../domain/parse.ts";
import type { DomainSpec } from "../domain/spec.ts";
import type { CardState, DiskState, ListDevice } from "../domain/state.ts";
import type { SharedElement } from "../domain/tree.ts";
import type { DeviceKind } from "../plan/device-list/device-kind.ts";
import { listedDevices } from "../plan/device-list/listed-devices.ts";
import { DISKS } from "../plan/disks/disks.ts";
import { INTERFACES } from "../plan/interfaces/interfaces.ts";

type Devices = Pick<DomainSpec, "disks" | "interfaces">;

/** The lists of devices before a change and after it, each device at the place that it has in a definition. */
export interface PlacedDevices {
  before: Devices;
  after: Devices;
}

/**
 * Gives each device of a list the target, the alias and so the address that it has in a definition already, whatever its place in
 * the list is.
 *
 * @param attached devices that the running domain has: they get the same place in the definition, if it is free there
 */
export function placedDevices(
  domain: SharedElement,
  before: Inputs,
  news: Inputs,
  attached: readonly ListDevice[] = [],
): PlacedDevices {
  const disks = attached.flatMap((one) => (one.device === "disk" ? [one.state] : []));
  const cards = attached.flatMap((one) => (one.device === "interface" ? [one.state] : []));
  const placedDisks = placed<DiskState, Parameters<typeof DISKS.alias>[0]>(
    DISKS,
    readDisks(domain),
    before,
    news,
    disks,
  );
  const placedCards = placed<CardState, Parameters<typeof INTERFACES.alias>[0]>(
    INTERFACES,
    readCards(domain),
    before,
    news,
    cards,
  );
  return {
    before: { disks: placedDisks.before, interfaces: placedCards.before },
    after: { disks: placedDisks.after, interfaces: placedCards.after },
  };
}

/** Parts of a definition with the devices in them at the places that they have there. */
export function atTheirPlaces(xml: string, parts: Partial<DomainSpec>, inputs: Inputs): Partial<DomainSpec> {
  if (parts.disks === undefined && parts.interfaces === undefined) return parts;
  const { disks, interfaces } = placedDevices(readDomainXml(xml), inputs, inputs).after;
  return { ...parts, ...(parts.disks && { disks }), ...(parts.interfaces && { interfaces }) };
}

function placed<State, Entry extends { name?: string }>(
  kind: DeviceKind<Entry, State>,
  devices: State[],
  before: Inputs,
  news: Inputs,
  planned: State[],
): { before: State[]; after: State[] } {
  const lists = { before: kind.list(before) ?? [], news: kind.list(news) ?? [] };
  const places = new Set(devices.map((device) => kind.key(device).place));
  const free = planned.filter((device) => {
    const { place } = kind.key(device);
    return place === undefined || !places.has(place);
  });
  const { old, wanted } = listedDevices(kind, lists, devices, devices, free);
  return { before: kind.wanted(lists.before, old, devices), after: wanted };
}
