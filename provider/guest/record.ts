import { defined } from "../defined.ts";
import type { Kib } from "../units/kib.ts";
import { wholeMib } from "../units/size.ts";
import type { Expectation } from "./expectation.ts";
import type { GuestReport, Speaker } from "./report.ts";

/** What the state keeps of a guest's report: as of the last change, for one start of the domain. */
export interface GuestRecord {
  /** libvirt's id of the running domain: after another start, all memory is there from boot. */
  domainId: number;
  speaker: Speaker;
  /** In whole MiB; undefined where nobody could be asked. */
  memory?: Kib;
  block?: Kib;
  /** What the guest's kernel keeps for itself: the domain's memory without MemTotal, once the guest had all of the memory. */
  reserved?: Kib;
  /** The memory that the guest didn't have when it was asked last. */
  missing?: Expectation;
}

/** @param most the domain's memory: the agent counts a block in full that the memory fills only in part */
export function recordOf(
  domainId: number,
  speaker: Speaker,
  { memory, block }: GuestReport,
  most = memory,
): GuestRecord {
  return defined({ domainId, speaker, memory: wholeMib(Math.min(memory, most)), block });
}

/** The record, if the domain hasn't been started since. */
export function currentRecord(record: GuestRecord | undefined, domainId: number): GuestRecord | undefined {
  return record?.domainId === domainId ? record : undefined;
}

/** The requests to release DIMMs that the guest hasn't answered, as the state keeps them. */
export interface Detaching {
  /** libvirt's id of the running domain: after another start the DIMMs are base memory. */
  domainId: number;
  aliases: string[];
}
