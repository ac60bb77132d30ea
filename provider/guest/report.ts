import { messageOf } from "../message-of.ts";
import type { Kib } from "../units/kib.ts";

/** Where figures about the guest come from: its agent, or the statistics of its balloon driver. */
export type Speaker = "agent" | "balloon";

/** What the guest reports about its memory. */
export interface GuestReport {
  /** The memory that it uses: its online blocks as the agent lists them, or MemTotal from the balloon driver. */
  memory: Kib;
  /** The numbers of the memory blocks that it has but doesn't use; only the agent knows them. */
  offline: number[];
  /** Those of the blocks that it uses; only the agent knows them. */
  online?: number[];
  /** The size of a memory block; only the agent knows it. */
  block?: Kib;
  /** When the balloon driver last reported, in seconds since 1970. */
  reported?: number;
}

/** One way to ask a guest about its memory or its vCPUs. */
export interface Asked<Report> {
  ask(): Promise<Report>;
  /**
   * Brings memory blocks or vCPUs online, if the source can.
   *
   * @returns why some of them were refused; undefined when none was
   */
  bringOnline?(numbers: number[], timeoutSeconds: number): Promise<string | undefined>;
}

/** One way to ask a guest about its memory. */
export interface GuestSource extends Asked<GuestReport> {
  speaker: Speaker;
}

/** The message of an error that may come from the guest, for one line of a terminal: short, without control characters. */
export function printable(error: unknown): string {
  return messageOf(error)
    .replace(/[\p{Cc}\p{Cf}]+/gu, " ")
    .slice(0, LONGEST_MESSAGE);
}

const LONGEST_MESSAGE = 200;
