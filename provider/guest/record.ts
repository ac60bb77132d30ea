import type { Kib } from "../units/kib.ts";
import { wholeMib } from "../units/size.ts";
import type { Expectation } from "./expectation.ts";
import type { GuestReport, Speaker } from "./report.ts";

/** What the state keeps of a guest's word: as of the last change, of one start of the domain. */
export interface GuestRecord {
  /** libvirt's number of the running domain: another one is another start, with all memory there from the boot. */
  domainId: number;
  speaker: Speaker;
  /** In whole MiB. */
  memory: Kib;
  block?: Kib;
  /** What it had not taken when the time was up. */
  missing?: Expectation;
}

/** @param most the domain's memory: by the agent a block counts in full that the memory fills in part */
export function recordOf(
  domainId: number,
  speaker: Speaker,
  { memory, block }: GuestReport,
  most = memory,
): GuestRecord {
  return {
    domainId,
    speaker,
    memory: wholeMib(Math.min(memory, most)),
    ...(block !== undefined && { block }),
  };
}

/** The record, as long as it speaks of this start of the domain. */
export function currentRecord(record: GuestRecord | undefined, domainId: number): GuestRecord | undefined {
  return record?.domainId === domainId ? record : undefined;
}

/** DIMMs that a guest was asked for and had not answered about: what the state keeps of them. */
export interface Detaching {
  /** libvirt's number of the running domain: another one is another start, which folded them. */
  domainId: number;
  aliases: string[];
}
