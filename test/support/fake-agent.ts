import type { AgentCommand } from "../../provider/libvirt/hypervisor.ts";
import { MIB } from "./fake-guest.ts";

interface BlockState {
  "phys-index": number;
  online: boolean;
}

/** A QEMU guest agent, in memory: the memory blocks of a guest, and which of them go offline. */
export class FakeAgent {
  readonly block = 128 * MIB;
  /** Whether each block is online, by its number. */
  readonly online: Map<number, boolean>;
  /** The blocks that the guest refuses to change. */
  readonly refused = new Set<number>();
  /** The blocks about which it stops answering. */
  readonly hangsAt = new Set<number>();

  constructor(blocks: number[]) {
    this.online = new Map(blocks.map((block) => [block, true]));
  }

  readonly answer = ({ execute, arguments: args }: AgentCommand): unknown => {
    if (execute === "guest-get-memory-block-info") return { size: this.block * 1024 };
    if (execute === "guest-get-memory-blocks")
      return [...this.online].map(([index, online]) => ({ "phys-index": index, online }));
    const { "mem-blks": changes } = args as { "mem-blks": BlockState[] };
    return changes.map(({ "phys-index": block, online }) => {
      if (this.hangsAt.has(block)) throw new Error("Guest agent is not responding");
      if (this.refused.has(block))
        return { "phys-index": block, response: "operation-failed", "error-code": 16 };
      this.online.set(block, online);
      return { "phys-index": block, response: "success" };
    });
  };

  get offline(): number[] {
    return [...this.online].flatMap(([block, online]) => (online ? [] : block));
  }
}
