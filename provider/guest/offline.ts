import type { Deadline } from "../deadline.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Kib } from "../units/kib.ts";
import { memoryBlocks, setBlocks } from "./agent.ts";
import { printable } from "./report.ts";

/** A DIMM's place in the guest. */
interface Place {
  size: Kib;
  /** Start address, hexadecimal. */
  base?: string;
}

/** What became of a DIMM's blocks that were to go offline. */
export interface Offlined {
  /** Why the guest keeps one of them. Those that had gone before it are online again. */
  refused?: string;
  /** Why it isn't known whether the guest will: some of them may be offline. */
  silent?: string;
  /** How many are offline now. */
  blocks: number;
  /** Brings them back online, where the DIMM stays after all. */
  putBack: () => Promise<void>;
}

/**
 * Has the guest's agent take a DIMM's blocks offline, one after the other, so that the guest says which one it can't spare.
 * Nothing is done where the agent can't help: its commands are forbidden, it doesn't answer, the guest never took the DIMM.
 *
 * @param deadline for all of them: a block that is in use is emptied first
 */
export async function takeOffline(
  hypervisor: Hypervisor,
  domain: DomainRef,
  dimm: Place,
  deadline: Deadline,
): Promise<Offlined> {
  const taken: number[] = [];
  const set = (blocks: number[], online: boolean) =>
    setBlocks(hypervisor, domain, blocks, online, deadline.remainingSeconds);
  const putBack = async () => {
    const blocks = taken.splice(0);
    // Where that fails too, the refusal is what there is to say; hotplug.online brings them back with the next attach.
    if (blocks.length > 0) await set(blocks, true).catch(() => undefined);
  };
  const blocks = await wholeBlocksOf(hypervisor, domain, dimm).catch(() => []);
  for (const block of blocks) {
    try {
      const refused = await set([block], false);
      if (refused !== undefined) {
        await putBack();
        return { refused, blocks: 0, putBack };
      }
    } catch (error) {
      // The very first one: the agent has that command forbidden, or is of another kind.
      if (taken.length === 0 && !deadline.isOver) break;
      const silent = `the agent has not said whether block ${block} goes offline (${printable(error)})`;
      return { silent, blocks: taken.length, putBack };
    }
    taken.push(block);
  }
  return { blocks: taken.length, putBack };
}

/** The blocks that lie in a DIMM as a whole and that the guest uses. Linux numbers a block by its address. */
async function wholeBlocksOf(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { base, size }: Place,
): Promise<number[]> {
  if (base === undefined) return [];
  const { block, online } = await memoryBlocks(hypervisor, domain);
  const bytes = BigInt(block) * 1024n;
  const first = (BigInt(base) + bytes - 1n) / bytes;
  const end = (BigInt(base) + BigInt(size) * 1024n) / bytes;
  return online.filter((index) => index >= first && index < end);
}
