import type { GuestReport, GuestSource } from "../../provider/guest/report.ts";
import type { Kib } from "../../provider/units/kib.ts";
import { FakeClock } from "./fake-clock.ts";

export const MIB: Kib = 1024;
export const GIB: Kib = 1024 * MIB;

/** A guest with memory blocks of 128 MiB, some of them offline, which changes at given times of its clock. */
export class FakeGuest {
  readonly block = 128 * MIB;
  readonly clock = new FakeClock();
  online: number[] = [0, 1, 2, 3];
  offline: number[] = [];
  /** What happens in the guest, by the time at which it does. */
  readonly happens = new Map<number, (guest: FakeGuest) => void>();
  /** When its agent was asked to bring blocks online, and which. */
  readonly onlined: { at: number; blocks: number[] }[] = [];
  /** Why the agent can't. */
  refusal: string | undefined;
  hangs = false;

  source(speaker: GuestSource["speaker"] = "agent"): GuestSource {
    const source: GuestSource = {
      speaker,
      ask: async () => {
        this.live();
        if (this.hangs) throw new Error("Guest agent is not responding");
        return this.report(speaker);
      },
    };
    if (speaker === "balloon") return source;
    return {
      ...source,
      bringOnline: async (blocks) => {
        this.onlined.push({ at: this.clock.now(), blocks });
        if (this.refusal !== undefined) return this.refusal;
        this.bringOnline(blocks);
        return undefined;
      },
    };
  }

  report(speaker: GuestSource["speaker"] = "agent"): GuestReport {
    const memory = this.online.length * this.block;
    return speaker === "agent"
      ? { memory, online: [...this.online], offline: [...this.offline], block: this.block }
      : { memory: memory - 100 * MIB - 12, offline: [], reported: 1 + Math.floor(this.clock.now() / 2000) };
  }

  bringOnline(blocks: number[]): void {
    this.offline = this.offline.filter((block) => !blocks.includes(block));
    this.online = [...this.online, ...blocks];
  }

  private live(): void {
    for (const [at, change] of [...this.happens])
      if (at <= this.clock.now()) {
        this.happens.delete(at);
        change(this);
      }
  }
}
