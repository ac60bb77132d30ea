import type { OnlinePolicy } from "../args/settings.ts";
import type { Kib } from "../units/kib.ts";
import type { GuestReport, Speaker } from "./report.ts";

/** What a guest must report once an attach has arrived. It is kept in the state for the next run. */
export interface Expectation {
  speaker: Speaker;
  /** The memory that the guest should have. */
  memory: Kib;
  /** The part of it that was attached. */
  added: Kib;
  /** The part that the report may lack even so, since the source doesn't count it. */
  slack: Kib;
  /** Blocks that the guest itself kept offline before. */
  others: number[];
}

/** The kernel's page map of added memory takes 1/64 of it: 64 bytes for a page of 4 KiB. */
const MAP_SHARE = 64;

/**
 * What the guest must report when `added` has arrived, given what it reports now. With memory_hotplug.memmap_on_memory the
 * balloon driver reports less: the page map lies in the added memory itself.
 */
export function expect(speaker: Speaker, report: GuestReport, added: Kib): Expectation {
  const slack = speaker === "balloon" ? Math.ceil(added / MAP_SHARE) : 0;
  return { speaker, memory: report.memory + added, added, slack, others: report.offline };
}

/** The same for a later run: a guest that has rebooted since no longer counts the page map, or tables that grew. */
export function expectLater(expected: Expectation): Expectation {
  return expected.speaker === "balloon"
    ? { ...expected, slack: Math.ceil((2 * expected.added) / MAP_SHARE) }
    : expected;
}

/**
 * What the guest agent must report when all memory of the domain has arrived, whenever it was attached: for a run that
 * ended after its attach and before the guest's report. Undefined for the balloon driver, whose total means nothing
 * without an earlier one.
 *
 * @param boot what the guest booted with; a block that it fills only in part need not be there
 * @param plugged the DIMMs
 */
export function expectAll(report: GuestReport, boot: Kib, plugged: Kib): Expectation | undefined {
  const { block } = report;
  if (block === undefined) return undefined;
  const memory = Math.max(boot - (boot % block) + plugged, report.memory + report.offline.length * block);
  return { speaker: "agent", memory, added: Math.max(0, memory - report.memory), slack: 0, others: [] };
}

/** New blocks that the guest has and doesn't use. */
export function newOffline(report: GuestReport, { others }: Expectation): number[] {
  const known = new Set(others);
  return report.offline.filter((block) => !known.has(block));
}

/** What is still missing; 0 when all is there, as far as the source counts it. */
export function missing(report: GuestReport, expected: Expectation, online: OnlinePolicy): Kib {
  const unused = online === "none" ? newOffline(report, expected).length * (report.block ?? 0) : 0;
  const short = expected.memory - report.memory - unused;
  return short > expected.slack ? short : 0;
}
