import type { OnlinePolicy } from "../args/settings.ts";
import { KIB_PER_MIB, type Kib } from "../units/kib.ts";
import {
  type AttachedMemory,
  pluggedSize,
  reservedBy,
  type UnusedMemory,
  unusedMemory,
  unusedSize,
} from "./attached.ts";
import type { GuestReport, Speaker } from "./report.ts";

/** What a guest must report to have all of the attached memory. The state keeps what it lacks for the next run. */
export interface Expectation {
  speaker: Speaker;
  /** The memory that the guest should have. */
  memory: Kib;
  /** The part of it that it didn't have yet. */
  added: Kib;
  /** The part that the report may lack even so, since the source doesn't count it. */
  slack: Kib;
  /** Blocks that the guest itself kept offline before. */
  others: number[];
}

/** The kernel's page map of added memory takes 1/64 of it: 64 bytes for a page of 4 KiB. */
const MAP_SHARE = 64;

/**
 * What a guest must report when `added` has arrived, besides all of the memory that is attached already, whoever reports it and
 * whatever an earlier run expected. Undefined where the source can't tell.
 *
 * @param report what it reports now
 */
export function expectAttached(
  speaker: Speaker,
  report: GuestReport,
  added: Kib,
  attached: AttachedMemory,
): Expectation | undefined {
  if (speaker === "agent") {
    const unused = unusedMemory(attached, report);
    return unused && expectBlocks(report, added, unused);
  }
  const { reserved } = attached;
  const lacking = reserved === undefined ? 0 : Math.max(0, reservedBy(attached, report.memory) - reserved);
  if (added === 0 && reserved === undefined) return undefined;
  return expectTotal(report, added, lacking, pluggedSize(attached));
}

/**
 * What the guest agent must report when `added` has arrived, given what it reports now: also the memory that was attached
 * earlier and that the guest doesn't use.
 */
function expectBlocks(report: GuestReport, added: Kib, unused: UnusedMemory): Expectation {
  const awaited = added + unusedSize(unused, false);
  const attached = new Set(unused.offline);
  const others = report.offline.filter((block) => !attached.has(block));
  return { speaker: "agent", memory: report.memory + awaited, added: awaited, slack: 0, others };
}

/**
 * What the balloon driver must report when `added` has arrived. With memory_hotplug.memmap_on_memory it reports less: the page
 * map lies in the added memory itself.
 *
 * @param short how much less it reports now than the memory that was attached earlier would give
 * @param plugged that memory
 */
function expectTotal(report: GuestReport, added: Kib, short: Kib, plugged: Kib): Expectation {
  const tolerance = Math.max(Math.ceil((2 * plugged) / MAP_SHARE), LEAST_BLOCK / 2);
  const lacking = plugged > 0 && short > tolerance ? Math.min(short, plugged) : 0;
  const slack = Math.ceil(added / MAP_SHARE) + (lacking === 0 ? 0 : tolerance);
  return {
    speaker: "balloon",
    memory: report.memory + added + lacking,
    added: added + lacking,
    slack,
    others: [],
  };
}

/** A guest lacks whole memory blocks; a reboot, maybe with another kernel, changes MemTotal by less than half of one. */
const LEAST_BLOCK: Kib = 128 * KIB_PER_MIB;

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
