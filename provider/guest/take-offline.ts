import type { Deadline } from "../deadline.ts";
import { Cancelled } from "../errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Kib } from "../units/kib.ts";
import { memoryBlocks, setBlocks } from "./agent.ts";
import { isIn, wholeBlocks } from "./blocks.ts";
import { printable } from "./report.ts";

/** What became of a DIMM's blocks that were to go offline. */
export type Offlining =
  | {
      kind: "offline";
      /** How many are offline now. */
      blocks: number;
      /** Brings them back online, if the DIMM stays after all. */
      putBack: () => Promise<void>;
      /** Why the agent couldn't help: the guest takes all blocks offline itself when the DIMM is removed. */
      agentError?: string;
    }
  /** The guest keeps one of them. Those that had gone offline before it are online again. */
  | { kind: "refused"; reason: string }
  /** The agent stopped answering, so the guest may still take that block offline. */
  | { kind: "no-answer"; reason: string; blocks: number };

/**
 * Makes the guest agent take a DIMM's blocks offline one by one, so that the error names the block that the guest can't
 * release. Nothing is done where the agent can't help: its commands are disabled, it doesn't answer, or the guest never
 * onlined the DIMM.
 *
 * @param deadline for all of them: a block that is in use is emptied first
 */
export async function takeOffline(
  hypervisor: Hypervisor,
  domain: DomainRef,
  dimm: { size: Kib; base?: string },
  deadline: Deadline,
): Promise<Offlining> {
  const offline: number[] = [];
  const set = (blocks: number[], to: "online" | "offline") =>
    setBlocks(hypervisor, domain, { blocks, to, seconds: deadline.remainingSeconds });
  const putBack = async () => {
    const blocks = offline.splice(0);
    // Where that fails too, the refusal is what the user needs; the next attach with hotplug.online brings them back.
    if (blocks.length > 0) await set(blocks, "online").catch(() => undefined);
  };
  let blocks: number[];
  try {
    blocks = await onlineBlocksOf(hypervisor, domain, dimm);
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    return { kind: "offline", blocks: 0, putBack, agentError: printable(error) };
  }
  for (const block of blocks) {
    await unlessCancelled(deadline, putBack);
    try {
      const reason = await set([block], "offline");
      if (reason !== undefined) {
        await putBack();
        return { kind: "refused", reason };
      }
    } catch (error) {
      // If even the first one fails, the command is disabled in the agent, or it is another kind of agent.
      if (offline.length === 0 && !deadline.isOver)
        return { kind: "offline", blocks: 0, putBack, agentError: printable(error) };
      const reason = `no answer from the guest agent about offlining memory block ${block} (${printable(error)})`;
      return { kind: "no-answer", reason, blocks: offline.length };
    }
    offline.push(block);
  }
  return { kind: "offline", blocks: offline.length, putBack };
}

async function unlessCancelled(deadline: Deadline, putBack: () => Promise<void>): Promise<void> {
  try {
    deadline.throwIfAborted();
  } catch (error) {
    await putBack();
    throw error;
  }
}

/** The blocks that lie completely in a DIMM and that the guest uses. */
async function onlineBlocksOf(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { base, size }: { size: Kib; base?: string },
): Promise<number[]> {
  if (base === undefined) return [];
  const { block, online } = await memoryBlocks(hypervisor, domain);
  const range = wholeBlocks({ base, size }, block);
  return online.filter((one) => isIn(range, one));
}
