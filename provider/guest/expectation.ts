import type { OnlinePolicy } from "../args/settings.ts";
import type { Kib } from "../units/kib.ts";
import type { GuestReport, Speaker } from "./report.ts";

/** What a guest has to say for an attach to have arrived. It goes into the state, for the next run. */
export interface Expectation {
  speaker: Speaker;
  /** The memory that the guest should have. */
  memory: Kib;
  /** The part of it that was attached. */
  added: Kib;
  /** What may be missing all the same, since the speaker doesn't count it. */
  slack: Kib;
  /** Blocks that were offline before, for reasons of the guest's own. */
  others: number[];
}

/** The kernel's map of added memory is 1/64 of it: 64 bytes for a page of 4 KiB. */
const MAP_SHARE = 64;

/**
 * What the guest has to say when `added` has arrived, given what it says now. By the balloon a guest with
 * memory_hotplug.memmap_on_memory has less: the map lies in the added memory itself.
 */
export function expect(speaker: Speaker, word: GuestReport, added: Kib): Expectation {
  const slack = speaker === "balloon" ? Math.ceil(added / MAP_SHARE) : 0;
  return { speaker, memory: word.memory + added, added, slack, others: word.offline };
}

/** The same for a later run: to a guest that was rebooted in between the map, and tables that grew, are no memory. */
export function expectLater(expected: Expectation): Expectation {
  return expected.speaker === "balloon"
    ? { ...expected, slack: Math.ceil((2 * expected.added) / MAP_SHARE) }
    : expected;
}

/**
 * What the guest's agent has to say when all memory of the domain has arrived, whatever came when: for memory that a run
 * attached which ended before it heard the guest. Undefined by the balloon, whose total tells nothing without an earlier one.
 *
 * @param boot what the guest booted with; a block that it fills in part need not be there
 * @param plugged the DIMMs
 */
export function expectAll(word: GuestReport, boot: Kib, plugged: Kib): Expectation | undefined {
  const { block } = word;
  if (block === undefined) return undefined;
  const memory = Math.max(boot - (boot % block) + plugged, word.memory + word.offline.length * block);
  return { speaker: "agent", memory, added: Math.max(0, memory - word.memory), slack: 0, others: [] };
}

/** New blocks that the guest has and doesn't use. */
export function newOffline(word: GuestReport, { others }: Expectation): number[] {
  const known = new Set(others);
  return word.offline.filter((block) => !known.has(block));
}

/** What is still missing; 0 when all is there, as far as the speaker counts it. */
export function missing(word: GuestReport, expected: Expectation, online: OnlinePolicy): Kib {
  const unused = online === "none" ? newOffline(word, expected).length * (word.block ?? 0) : 0;
  const short = expected.memory - word.memory - unused;
  return short > expected.slack ? short : 0;
}
