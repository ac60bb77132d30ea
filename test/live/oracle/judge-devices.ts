import { isDeepStrictEqual } from "node:util";
import { THEIR_MAC } from "./device-hands.ts";
import type { Card, Disk } from "./device-story.ts";
import type { Played } from "./judge.ts";
import { cardsOf, disksOf } from "./lists.ts";
import { mibOf, type Program } from "./program.ts";
import type { SeenCard, SeenDevices, SeenDisk } from "./seen-devices.ts";

const MIB = 2 ** 20;

/** Each way in which the devices aren't what the program asks for. */
export function devicesDefinedAsAsked(played: Played): string[] {
  const { program, before, after, devicesTouched } = played;
  const { devices } = after;
  if (devices === undefined) return [];
  // A list that the program didn't change stays as somebody else set it, until a refresh sees that.
  const [had, has] = [ours(before.devices?.nextBoot), ours(devices.nextBoot)];
  const isKept = (list: "disks" | "cards") => devicesTouched && isDeepStrictEqual(had[list], has[list]);
  const found = differencesFrom(program, devices.nextBoot)
    .filter((one) => !isKept(one.startsWith("disk") ? "disks" : "cards"))
    .map((one) => `defined ${one}`);
  return [...found, ...imagesAsAsked(played), ...keptNames(played, "nextBoot")];
}

export function devicesLiveAsAsked(played: Played): string[] {
  const { program, before, after, said, devicesTouched } = played;
  const { devices } = after;
  if (devices?.live === undefined) return [];
  const isStarted = before.pid === undefined || before.pid !== after.pid;
  if (isStarted)
    return before.isSaved || devicesTouched
      ? []
      : differencesFrom(program, devices.live).map((one) => `live ${one}`);
  const found = differencesFrom(withoutOrder(program), devices.live).map((one) => `live ${one}`);
  // What waits for the next boot goes on waiting.
  const wasWaiting = !isDeepStrictEqual(unplaced(before.devices?.live), unplaced(before.devices?.nextBoot));
  const waits = /next boot/.test(said.text);
  const isKept = devicesTouched && isDeepStrictEqual(ours(before.devices?.live), ours(devices.live));
  return [
    ...(wasWaiting || waits || isKept ? [] : found),
    ...keptNames(played, "live"),
    ...countedInText(played),
  ];
}

/** A running domain gets no boot order. */
function withoutOrder(program: Program): Program {
  const disks = disksOf(program).map(({ bootOrder: _, ...disk }) => disk);
  return { ...program, disks } as Program;
}

/** Devices, without what differs between a running domain and its definition in any case. */
function unplaced(devices: SeenDevices | undefined): object {
  const { disks, cards } = ours(devices);
  return {
    disks: disks.map(({ alias: _, address: __, bootOrder: ___, ...disk }) => JSON.stringify(disk)).sort(),
    cards: cards.map(({ alias: _, address: __, ...card }) => JSON.stringify(card)).sort(),
  };
}

/** What others attached stays, and so does each image: none is deleted, made again or smaller. */
export function theirsKept({ before, after, said }: Played): string[] {
  const views = ["live", "nextBoot"] as const;
  const isSameProcess = before.pid !== undefined && before.pid === after.pid;
  return views.flatMap((view) => {
    if (said.outcome === "replace" || (view === "live" && !isSameProcess)) return [];
    const [had, has] = [theirs(before.devices?.[view]), theirs(after.devices?.[view])];
    return isDeepStrictEqual(had, has) ? [] : [`${view} devices of others: ${shown(had)} → ${shown(has)}`];
  });
}

export function imagesKept({ before, after, program, previous, said }: Played): string[] {
  const named = (disks: Disk[], path: string) =>
    disks.some((disk) => path.endsWith(`/${(sourceOf(disk) ?? "").replace(/^\//, "")}`));
  const removable = disksOf(previous ?? program).filter(({ onDelete }) => onDelete === "delete");
  // Where its disk is removed, an image that the provider made goes too, as the preview announces.
  const mayGo = (path: string) =>
    named(removable, path) && !named(disksOf(program), path) && /\bdelete/.test(said.text);
  const lost = Object.entries(before.images).flatMap(([path, image]) => {
    const now = after.images[path];
    if (now === undefined) return mayGo(path) ? [] : [`${path} was deleted`];
    if (now.inode !== image.inode) return [`${path} was made again`];
    return now.capacity < image.capacity ? [`${path} shrank to ${now.capacity}`] : [];
  });
  const sized = disksOf(program).flatMap((disk) => ("size" in disk ? sourceOf(disk) : []));
  const made = Object.keys(after.images).filter((path) => !(path in before.images));
  const unasked = made.filter(
    (path) => !sized.some((source) => source !== undefined && path.endsWith(source)),
  );
  return [...lost, ...unasked.map((path) => `${path} was made, and no disk with a size names it`)];
}

function imagesAsAsked({ program, after, devicesTouched }: Played): string[] {
  return disksOf(program).flatMap((disk) => {
    const { size } = disk as { size?: string };
    if (size === undefined) return [];
    const source = sourceOf(disk) ?? "";
    const image = Object.entries(after.images).find(([path]) => path.endsWith(source))?.[1];
    const wanted = mibOf(size) * MIB;
    // Somebody may have made it larger.
    const isLarger = devicesTouched && (image?.capacity ?? 0) > wanted;
    return image?.capacity === wanted || isLarger
      ? []
      : [`${source} has ${image?.capacity} bytes, ${wanted} asked`];
  });
}

/** "attach 2 disks", "detach disk …": as many come and go. */
function countedInText({ said, before, after }: Played): string[] {
  const count = (verb: string, what: RegExp) =>
    said.text.split("\n").filter((line) => new RegExp(`^\\d+\\. ${verb} (${what.source}) `).test(line))
      .length;
  const [had, has] = [before.devices?.live, after.devices?.live];
  if (had === undefined || has === undefined) return [];
  const lists = [
    { name: "disks", what: /disk|CD-ROM/, change: has.disks.length - had.disks.length },
    { name: "interfaces", what: /interface/, change: has.cards.length - had.cards.length },
  ];
  return lists.flatMap(({ name, what, change }) => {
    const announced = count("attach", what) - count("detach", what);
    return announced === change ? [] : [`${announced} ${name} more announced, ${change} found`];
  });
}

/** A disk or an interface with a name keeps its place, whatever else goes. */
function keptNames({ before, after, program, previous, said }: Played, view: "live" | "nextBoot"): string[] {
  const [had, has] = [before.devices?.[view], after.devices?.[view]];
  if (previous === undefined || had === undefined || has === undefined || had.machine !== has.machine)
    return [];
  // A replaced domain is a new one.
  if (said.outcome === "replace" || (view === "live" && before.pid !== after.pid)) return [];
  const disks = disksOf(program).flatMap((disk) => {
    const old = disksOf(previous).find(({ name }) => name !== undefined && name === disk.name);
    const isSame = old !== undefined && isDeepStrictEqual(identityOf(old), identityOf(disk));
    if (!isSame) return [];
    const [was, is] = [had, has].map(({ disks }) =>
      disks.find(({ alias }) => alias === `ua-pulumi-disk-${disk.name}`),
    );
    // A program that was refused has changed nothing.
    const isOther = was !== undefined && is !== undefined && was.source !== is.source;
    return was === undefined || isOther || samePlace(was, is)
      ? []
      : [`${view} place of disk ${disk.name}: ${shown(was)} → ${shown(is)}`];
  });
  const cards = cardsOf(program).flatMap((card) => {
    const old = cardsOf(previous).find(({ name }) => name !== undefined && name === card.name);
    const isSame = old !== undefined && isDeepStrictEqual([old.mac, old.model], [card.mac, card.model]);
    if (!isSame) return [];
    const [was, is] = [had, has].map(({ cards }) =>
      cards.find(({ alias }) => alias === `ua-pulumi-nic-${card.name}`),
    );
    return was === undefined || (samePlace(was, is) && was.mac === is?.mac)
      ? []
      : [`${view} place of interface ${card.name}: ${shown(was)} → ${shown(is)}`];
  });
  return [...disks, ...cards];
}

function samePlace(was: SeenDisk | SeenCard, is: SeenDisk | SeenCard | undefined): boolean {
  const place = (one: (SeenDisk | SeenCard) | undefined) => [
    one?.address,
    one && "target" in one ? one.target : "",
  ];
  return isDeepStrictEqual(place(was), place(is));
}

function identityOf(disk: Disk): unknown {
  const { bus, device } = wantedDisk(disk);
  return [sourceOf(disk), bus, device];
}

/** What differs between the lists of a program and the devices of a domain that nobody else attached. */
function differencesFrom(program: Program, found: SeenDevices): string[] {
  const { disks, cards } = ours(found);
  return [
    ...unmatched("disk", disksOf(program).map(wantedDisk), disks.map(comparableDisk)),
    ...unmatched("interface", cardsOf(program).map(wantedCard), cards),
  ];
}

/** Pairs what is asked for with what is there, each at most once. */
function unmatched(what: string, wanted: object[], found: object[]): string[] {
  const left = [...found];
  // What names the most is the hardest to please.
  const strictFirst = wanted.toSorted((a, b) => Object.keys(b).length - Object.keys(a).length);
  const missing = strictFirst.filter((one) => {
    const index = left.findIndex((other) => fits(one, other));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
  return [
    ...missing.map((one) => `${what} missing: ${shown(one)}`),
    ...left.map((one) => `${what} that nobody asks for: ${shown(one)}`),
  ];
}

/** Whether it has all that is asked for. */
function fits(wanted: object, found: object): boolean {
  return Object.entries(wanted).every(([key, value]) =>
    isDeepStrictEqual((found as Record<string, unknown>)[key], value),
  );
}

function wantedDisk(entry: Disk) {
  const { bus, cache, discard, serial, bootOrder, format } = entry as Record<string, string | undefined>;
  const device = (entry as { device?: string }).device ?? "disk";
  const source = sourceOf(entry);
  return {
    ...{ source, device, bus: bus ?? (device === "cdrom" ? "sata" : "virtio"), cache, discard, serial },
    ...{ readOnly: device === "cdrom" },
    ...(bootOrder !== undefined && { bootOrder }),
    ...(source !== undefined && { format: format ?? (device === "cdrom" ? "raw" : "qcow2") }),
  };
}

function comparableDisk({ target: _, alias: __, address: ___, ...disk }: SeenDisk) {
  return disk;
}

function wantedCard(card: Card) {
  const { network, model = "virtio", link, mac } = card as Record<string, string | undefined>;
  return {
    ...{ kind: network === undefined ? "user" : "network", model },
    ...(mac !== undefined && { mac }),
    // A link that was down and is no longer named is up.
    ...(link === "down" && { link }),
  };
}

function sourceOf(disk: Disk): string | undefined {
  const { file, pool, volume } = disk as Record<string, string | undefined>;
  return file ?? (volume === undefined ? undefined : `${pool}/${volume}`);
}

function isTheirs(device: SeenDisk | SeenCard): boolean {
  return "mac" in device ? device.mac.startsWith(THEIR_MAC) : device.source?.includes("/theirs-") === true;
}

function theirs(devices: SeenDevices | undefined): object[] {
  return [...(devices?.disks ?? []), ...(devices?.cards ?? [])].filter(isTheirs);
}

function ours(devices: SeenDevices | undefined): { disks: SeenDisk[]; cards: SeenCard[] } {
  const isOurs = (device: SeenDisk | SeenCard) => !isTheirs(device);
  const { disks = [], cards = [] } = devices ?? {};
  return { disks: disks.filter(isOurs), cards: cards.filter(isOurs) };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
