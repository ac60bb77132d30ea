import { type Clock, Deadline } from "../deadline.ts";
import { defined } from "../defined.ts";
import { type Asked, type GuestSource, printable } from "./report.ts";

/** A guest that brings memory or vCPUs online by itself (in the kernel, or by a udev rule) has done so by then. */
const SELF_ONLINING_MS = 3_000;

/** How long the agent may take to bring blocks online. */
const ONLINING_SECONDS = 10;

/**
 * Brings memory blocks or vCPUs online through the agent once they have been offline for longer than the guest itself would
 * need.
 */
export class Onliner {
  readonly #source: Pick<Asked<unknown>, "bringOnline">;
  readonly #startPatience: () => Deadline;
  #patience: Deadline | undefined;
  /** Why blocks were not brought online, the last time that was tried. */
  refused: string | undefined;

  /** @param deadline of the whole wait: with a short one the guest gets half of it */
  static until(deadline: Deadline, source: Pick<Asked<unknown>, "bringOnline">): Onliner {
    const ms = Math.min(SELF_ONLINING_MS, deadline.remaining / 2);
    return new Onliner(source, () => deadline.sibling(ms));
  }

  constructor(source: Pick<Asked<unknown>, "bringOnline">, startPatience: () => Deadline) {
    this.#source = source;
    this.#startPatience = startPatience;
  }

  /** @param offline the blocks that are offline at the time of this call */
  async attend(offline: number[], seconds: number): Promise<"waiting" | "tried" | "failed"> {
    if (offline.length === 0) this.#patience = undefined;
    else this.#patience ??= this.#startPatience();
    if (!this.#patience?.isOver) return "waiting";
    this.#patience = undefined;
    try {
      this.refused = await this.#source.bringOnline?.(offline, seconds);
      return "tried";
    } catch (error) {
      this.refused = printable(error);
      return "failed";
    }
  }
}

/** New memory blocks that the guest doesn't use. */
export interface Offline {
  blocks: number;
  /** Why the agent could not bring them online, the last time that was tried. */
  refused?: string;
}

/**
 * Brings memory online that arrives offline in a guest with an agent. Each call asks the agent for the blocks.
 *
 * @param known the blocks that the guest itself kept offline before
 */
export function onlineNewBlocks(source: GuestSource, known: number[], clock: Clock): () => Promise<Offline> {
  const onliner = new Onliner(source, () => Deadline.inMs(SELF_ONLINING_MS, clock));
  return async () => {
    try {
      const offline = (await source.ask()).offline.filter((block) => !known.includes(block));
      const outcome = await onliner.attend(offline, ONLINING_SECONDS);
      if (offline.length === 0) return { blocks: 0 };
      return defined({ blocks: outcome === "failed" ? 0 : offline.length, refused: onliner.refused });
    } catch (error) {
      // A busy guest, or an agent that stopped: the sizes that the hypervisor reports are what counts.
      onliner.refused = printable(error);
      return { blocks: 0, refused: onliner.refused };
    }
  };
}
