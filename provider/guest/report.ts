import type { Kib } from "../units/kib.ts";

/** Who speaks for a guest: its agent, or the driver of its memory balloon. */
export type Speaker = "agent" | "balloon";

/** What a guest says of its memory. */
export interface GuestReport {
  /** The memory that it uses: its online blocks by the agent, MemTotal by the balloon. */
  memory: Kib;
  /** The numbers of the blocks that it has and doesn't use; the agent alone knows them. */
  offline: number[];
  /** The size of a block; the agent alone knows it. */
  block?: Kib;
  /** When the balloon's driver last reported, in seconds since 1970. */
  reported?: number;
}

/** One way to ask a guest. */
export interface GuestSource {
  speaker: Speaker;
  ask(): Promise<GuestReport>;
  /**
   * Brings blocks online, where the speaker can.
   *
   * @returns why some of them were refused; undefined when none was
   */
  bringOnline?(blocks: number[], timeoutSeconds: number): Promise<string | undefined>;
}

/** A text that may come from the guest, on one line of a terminal: no control characters, and not much of it. */
export function printable(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, " ").slice(0, LONGEST_TEXT);
}

const LONGEST_TEXT = 200;
