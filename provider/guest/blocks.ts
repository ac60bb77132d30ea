import { type Clock, Deadline } from "../deadline.ts";
import type { MemoryDevice } from "../domain/state.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Kib } from "../units/kib.ts";
import { type GuestBlocks, memoryBlocks } from "./agent.ts";
import { printable } from "./report.ts";

/**
 * A preview must not wait long: libvirt itself waits 5 s for a dead agent. A busy guest answers within a second or so.
 */
const LIMIT_MS = 2_000;

/** The memory blocks as the guest agent lists them, or why it gave no usable answer in time. */
export type BlocksAnswer = { kind: "blocks"; blocks: GuestBlocks } | { kind: "silent"; reason: string };

/** Asks the guest agent for the memory blocks. */
export async function askBlocks(
  hypervisor: Hypervisor,
  domain: DomainRef,
  clock: Clock,
): Promise<BlocksAnswer> {
  const answer = memoryBlocks(hypervisor, domain, LIMIT_MS / 1000);
  const late = () => new Error(`no answer within ${LIMIT_MS / 1000} s`);
  try {
    return { kind: "blocks", blocks: await Deadline.inMs(LIMIT_MS, clock).race(answer, late) };
  } catch (error) {
    return { kind: "silent", reason: printable(error) };
  }
}

/** Memory block numbers from `first` up to, but not including, `end`. Linux numbers a block by its address. */
interface BlockRange {
  first: number;
  end: number;
}

/** An address range in the guest. */
export interface AddressRange {
  /** Start address, hexadecimal. */
  base: string;
  size: Kib;
}

/** The blocks that an address range touches, the partial ones at its ends included. */
export function touchedBlocks({ base, size }: AddressRange, block: Kib): BlockRange {
  const start = BigInt(base);
  const bytes = BigInt(block) * 1024n;
  const last = start + BigInt(size) * 1024n - 1n;
  return { first: Number(start / bytes), end: Number(last / bytes) + 1 };
}

/** The blocks that lie completely within an address range. */
export function wholeBlocks({ base, size }: AddressRange, block: Kib): BlockRange {
  const start = BigInt(base);
  const bytes = BigInt(block) * 1024n;
  const end = start + BigInt(size) * 1024n;
  return { first: Number((start + bytes - 1n) / bytes), end: Number(end / bytes) };
}

export function isIn({ first, end }: BlockRange, block: number): boolean {
  return block >= first && block < end;
}

/** The guest's memory blocks in a device's address range. */
export interface BlocksOfDevice {
  /** The number of blocks that the range touches. */
  all: number;
  online: number;
  offline: number;
}

/** Undefined for a device without an address, and for one that isn't a DIMM: a guest need not use all of those. */
export function blocksOf(
  { model, base, size }: MemoryDevice,
  guest: GuestBlocks,
): BlocksOfDevice | undefined {
  if (model !== "dimm" || base === undefined) return undefined;
  const range = touchedBlocks({ base, size }, guest.block);
  const count = (blocks: number[]) => blocks.filter((block) => isIn(range, block)).length;
  return { all: range.end - range.first, online: count(guest.online), offline: count(guest.offline) };
}

/**
 * Whether a guest took a DIMM: it has all of its blocks, or none. Undefined in between, where a block at its end may belong
 * to a neighbouring device.
 */
export function isTaken(device: MemoryDevice, guest: GuestBlocks): boolean | undefined {
  const blocks = blocksOf(device, guest);
  if (blocks === undefined) return undefined;
  const present = blocks.online + blocks.offline;
  return present === 0 ? false : present === blocks.all ? true : undefined;
}
