import { chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { ejectingGuest } from "../support/ejecting-guest.ts";
import { type RpcProxy, rpcProxy } from "../support/rpc-proxy.ts";
import { type Args, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { removeDomains } from "../support/virsh.ts";
import { type SeenImage, seeImagesIn } from "./oracle/host-files.ts";
import { type Seen, see } from "./oracle/seen.ts";

/** In the arguments of an operation: the folder of the member's images. */
export const FOLDER = "/FOLDER";

/** Images that are there before: somebody's data. */
const FILES = ["a.raw", "b.raw", "c.raw", "medium-1.iso", "medium-2.iso"];

/** An operation that changes a domain: what the program was, and what it becomes. */
export interface Operation {
  /** Undefined: there was no such domain. */
  before?: Args;
  /** What is added to it; undefined: the domain is removed. */
  change?: Args;
  /** Default: false. */
  keepsRunning?: boolean;
}

interface Point {
  n: number;
  when: "before" | "after";
}

export function pointsUpTo(changes: number): Point[] {
  return Array.from({ length: changes }, (_, index) => index + 1).flatMap((n) => [
    { n, when: "before" as const },
    { n, when: "after" as const },
  ]);
}

interface Member {
  name: string;
  proxy: RpcProxy;
  folder: string;
  args: Args | undefined;
}

export async function member(lab: Lab, name: string, { before }: Operation): Promise<Member> {
  const proxy = await rpcProxy(lab, name);
  const folder = provideFolder(lab, name);
  return { name, proxy, folder, args: before && { ...placed(before, folder), uri: proxy.uri } };
}

export async function fleetOf(lab: Lab, fleet: Member[]): Promise<StackOnLab> {
  const programs = fleet.flatMap(({ name, args }) => (args === undefined ? [] : [[name, args] as const]));
  const stack = await stackOnLab(lab, Object.fromEntries(programs));
  if (programs.length > 0) await stack.apply({ parallel: fleet.length });
  return stack;
}

export function edit(stack: StackOnLab, { name, proxy, folder }: Member, { change }: Operation): void {
  if (change === undefined) {
    stack.drop(name);
    return;
  }
  stack.edit(name, {
    ...placed(change, folder),
    uri: proxy.uri,
    ...(change.name === undefined ? {} : { name: newName(name) }),
  });
}

/** An operation of a fleet in which each member lost its connection at another point. */
interface Interrupted {
  fleet: (Member & { point: Point })[];
  stack: StackOnLab;
  /** The QEMU processes and the images before the operation. */
  pids: (number | undefined)[];
  images: Record<string, SeenImage>[];
  /** What an undisturbed operation ends with. */
  end: End;
}

/** Runs an operation of which the connection is lost before and after each change, for one member each. */
export async function interrupted(lab: Lab, operation: Operation): Promise<Interrupted> {
  const { changes, end } = await undisturbed(lab, operation);
  const fleet = await Promise.all(
    pointsUpTo(changes).map(async (point, index) => ({
      ...(await member(lab, `k${index}`, operation)),
      point,
    })),
  );
  const stack = await fleetOf(lab, fleet);
  const pids = fleet.map(({ name }) => lab.qemuPid(name));
  const images = fleet.map(imagesOf);
  for (const { proxy, point } of fleet) proxy.atChange(point.n, point.when, () => proxy.cut());
  for (const one of fleet) edit(stack, one, operation);
  const result = await stack.up({ continueOnError: true, parallel: fleet.length });
  expect(result.ok).toBe(false);
  return { fleet, stack, pids, images, end };
}

/** The next up ends where an undisturbed operation does. */
export async function expectSameEnd(
  lab: Lab,
  operation: Operation,
  { fleet, stack, end }: Interrupted,
): Promise<void> {
  for (const { proxy } of fleet) proxy.restore();
  await stack.apply({ parallel: fleet.length });
  const ends = await Promise.all(
    fleet.map(async ({ point, name }) => ({ ...point, ...(await endOf(lab, name, operation)) })),
  );
  expect(ends).toEqual(fleet.map(({ point }) => ({ ...point, ...end })));
}

/** Then nothing is left to do, and the domains run on where the operation keeps them running. */
export async function expectSettledFleet(
  lab: Lab,
  { change, keepsRunning }: Operation,
  { fleet, stack, pids }: Interrupted,
): Promise<void> {
  if (change === undefined) return;
  await stack.expectSettled();
  if (keepsRunning) expect(fleet.map(({ name }) => lab.qemuPid(name))).toEqual(pids);
}

/** How often an undisturbed update changes something, and what virsh shows at its end. */
export async function undisturbed(lab: Lab, operation: Operation): Promise<{ changes: number; end: End }> {
  const one = await member(lab, "undisturbed", operation);
  const stack = await fleetOf(lab, [one]);
  one.proxy.restore();
  edit(stack, one, operation);
  await stack.apply();
  const { changes } = one.proxy;
  expect(changes).toBeGreaterThan(0);
  const end = await endOf(lab, one.name, operation);
  await removeDomains(lab);
  return { changes, end };
}

/** What is the same for every domain of the fleet: paths and MAC addresses aren't. */
export type End = Omit<Seen, "names" | "pid" | "uuid" | "xml" | "images"> & { files: Record<string, number> };

export async function endOf(lab: Lab, name: string, { change }: Operation): Promise<End> {
  const {
    names: _,
    pid: __,
    uuid: ___,
    xml: ____,
    images: _____,
    ...end
  } = await see(lab, change?.name === undefined ? name : newName(name));
  const folder = lab.file(`${name}.d`);
  const files = Object.entries(seeImagesIn(folder)).map(([path, { capacity }]) => [path, capacity]);
  const text = JSON.stringify({ ...end, files: Object.fromEntries(files) });
  return JSON.parse(text.replaceAll(folder, FOLDER).replace(/52:?54:?00(:?[0-9a-f]{2}){3}/g, "MAC"));
}

/** The member's images: those that were there before have the same inodes to the end. */
export function imagesOf({ folder }: Member): Record<string, SeenImage> {
  return seeImagesIn(folder);
}

function provideFolder(lab: Lab, name: string): string {
  const folder = lab.file(`${name}.d`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const file of FILES) writeFileSync(join(folder, file), Buffer.alloc(2 ** 20));
  writeFileSync(join(folder, "ejecting-guest"), ejectingGuest());
  for (const path of [folder, ...FILES.map((file) => join(folder, file))])
    chownSync(path, lab.user.uid, lab.user.gid);
  return folder;
}

function placed(args: Args, folder: string): Args {
  return JSON.parse(JSON.stringify(args).replaceAll(`"${FOLDER}/`, `"${folder}/`));
}

function newName(name: string): string {
  return `${name}-renamed`;
}
