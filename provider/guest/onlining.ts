import { type Clock, Deadline } from "../deadline.ts";
import type { GuestSource } from "./report.ts";
import { printable } from "./report.ts";
import { STAYS_OFFLINE_MS } from "./wait.ts";

/** Longest wait for the agent to bring blocks online. */
const ONLINING_SECONDS = 10;

/** What became of the blocks that a guest had not in use when it was last asked. */
export interface Offline {
  /** New blocks that are offline. */
  blocks: number;
  /** Why the agent could not bring them online, the last time that was tried. */
  refused?: string;
}

/**
 * Looks after memory that arrives offline in a guest with an agent: each call asks it, and has it bring online what has
 * been offline for 3 s.
 *
 * @param others the blocks that were offline before, for reasons of the guest's own
 */
export function onliner(source: GuestSource, others: number[], clock: Clock): () => Promise<Offline> {
  const known = new Set(others);
  let patience: Deadline | undefined;
  let refused: string | undefined;
  const answer = (blocks: number): Offline => ({ blocks, ...(refused !== undefined && { refused }) });
  return async () => {
    try {
      const offline = (await source.ask()).offline.filter((block) => !known.has(block));
      if (offline.length === 0) {
        patience = undefined;
        return { blocks: 0 };
      }
      patience ??= Deadline.inMs(STAYS_OFFLINE_MS, clock);
      if (!patience.isOver) return answer(offline.length);
      refused = await source.bringOnline?.(offline, ONLINING_SECONDS);
      patience = undefined;
      return answer(offline.length);
    } catch (error) {
      // A guest under load, or an agent that ended: what the hypervisor says of the sizes counts.
      refused = printable(error);
      return answer(0);
    }
  };
}
