import { type Clock, Deadline } from "../deadline.ts";
import type { MemoryDevice } from "../domain/state.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { type GuestBlocks, memoryBlocks } from "./agent.ts";

/** A look may not hold a preview up, and libvirt alone waits 5 s for an agent that is dead. A busy guest takes its time. */
const LIMIT_MS = 2_000;

/** Asks the guest's agent for its memory blocks; undefined where it doesn't answer soon, or not in a way that is understood. */
export async function askBlocks(
  hypervisor: Hypervisor,
  domain: DomainRef,
  clock: Clock,
): Promise<GuestBlocks | undefined> {
  const blocks = memoryBlocks(hypervisor, domain, LIMIT_MS / 1000);
  try {
    return await Deadline.inMs(LIMIT_MS, clock).race(blocks, () => new Error("no answer"));
  } catch {
    return undefined;
  }
}

/** What a guest has of a device's address range, in blocks. */
export interface BlocksOfDevice {
  /** Those that the range touches. */
  all: number;
  online: number;
  offline: number;
}

/** Undefined for a device without an address, and for one that isn't a DIMM: a guest need not take all of those. */
export function blocksOf(
  { model, base, size }: MemoryDevice,
  guest: GuestBlocks,
): BlocksOfDevice | undefined {
  if (model !== "dimm" || base === undefined) return undefined;
  const block = BigInt(guest.block) * 1024n;
  const first = BigInt(base) / block;
  const last = (BigInt(base) + BigInt(size) * 1024n - 1n) / block;
  const within = (numbers: number[]) => numbers.filter((number) => number >= first && number <= last).length;
  return { all: Number(last - first) + 1, online: within(guest.online), offline: within(guest.offline) };
}

/**
 * Whether a guest took a DIMM: it has all of its blocks, or none. Undefined between the two, where a block at its end may
 * be a neighbour's.
 */
export function isTaken(device: MemoryDevice, guest: GuestBlocks): boolean | undefined {
  const blocks = blocksOf(device, guest);
  if (blocks === undefined) return undefined;
  const there = blocks.online + blocks.offline;
  return there === 0 ? false : there === blocks.all ? true : undefined;
}
