import type { OnlinePolicy } from "../args/settings.ts";
import type { Deadline } from "../deadline.ts";
import type { Kib } from "../units/kib.ts";
import { type Expectation, missing, newOffline } from "./expectation.ts";
import { type GuestReport, type GuestSource, printable } from "./report.ts";

/** Between two questions. Each costs the guest a few milliseconds. */
const POLL_MS = 250;

/** A guest that brings memory online by itself (the kernel, or a rule of udev) has done so by then. */
export const STAYS_OFFLINE_MS = 3_000;

export interface GuestWait {
  deadline: Deadline;
  online: OnlinePolicy;
  /** Called when there is something new to tell. */
  tell: (word: GuestReport) => Promise<void>;
}

/** How a wait ended: `word` is the last that was heard. */
export interface GuestWaitResult {
  word: GuestReport;
  /** 0: all has arrived. */
  missing: Kib;
  /** Why blocks were not brought online, the last time that was tried. */
  refused?: string;
  /** Why the last question got no answer. */
  silent?: string;
}

/**
 * Asks a guest until it has what is expected, or the time is up. New blocks that stay offline are brought online
 * through the agent, where that is wanted.
 *
 * @param before what the guest said before the attach
 */
export async function waitForGuest(
  source: GuestSource,
  before: GuestReport,
  expected: Expectation,
  { deadline, online, tell }: GuestWait,
): Promise<GuestWaitResult> {
  const patienceMs = Math.min(STAYS_OFFLINE_MS, deadline.remaining / 2);
  let word = before;
  let told: Kib | undefined;
  /** How long the new blocks that are offline may stay so. */
  let patience: Deadline | undefined;
  let refused: string | undefined;
  for (;;) {
    const answer = await query(source);
    if ("word" in answer) word = answer.word;
    const verdict: GuestWaitResult = { word, missing: missing(word, expected, online) };
    if (verdict.missing === 0) return verdict;
    if (told !== word.memory) await tell(word);
    told = word.memory;
    if (deadline.isOver)
      return {
        ...verdict,
        ...(refused !== undefined && { refused }),
        ...("silent" in answer && { silent: answer.silent }),
      };
    const offline = online === "agent" ? newOffline(word, expected) : [];
    if (offline.length === 0) patience = undefined;
    else patience ??= deadline.sibling(patienceMs);
    if (patience?.isOver) {
      refused = await bringOnline(source, offline, deadline);
      patience = undefined;
    } else await deadline.sleep(POLL_MS);
  }
}

async function query(source: GuestSource): Promise<{ word: GuestReport } | { silent: string }> {
  try {
    return { word: await source.ask() };
  } catch (error) {
    // A guest under load, or a daemon that is being restarted: there is time.
    return { silent: printable(error) };
  }
}

async function bringOnline(
  source: GuestSource,
  blocks: number[],
  { remainingSeconds }: Deadline,
): Promise<string | undefined> {
  try {
    return await source.bringOnline?.(blocks, remainingSeconds);
  } catch (error) {
    return printable(error);
  }
}
