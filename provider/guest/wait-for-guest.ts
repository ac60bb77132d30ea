import type { OnlinePolicy } from "../args/settings.ts";
import type { Deadline } from "../deadline.ts";
import { defined } from "../defined.ts";
import type { Kib } from "../units/kib.ts";
import { Onliner } from "./bring-online.ts";
import { type Expectation, missing, newOffline } from "./expectation.ts";
import { type GuestReport, type GuestSource, printable } from "./report.ts";

/** The pause between two queries. Each costs the guest a few milliseconds. */
const POLL_MS = 250;

export interface GuestWait {
  /** What the guest reported before the attach. */
  before: GuestReport;
  expected: Expectation;
  deadline: Deadline;
  online: OnlinePolicy;
  /** Why a connected agent isn't the source. */
  agentError?: string;
  /** Called whenever the guest's memory has changed and some is still missing. */
  onProgress: (report: GuestReport) => Promise<void>;
}

/** How a wait ended. */
export interface GuestWaitResult {
  /** The guest's last report. */
  report: GuestReport;
  /** 0: all of the memory has arrived. */
  missing: Kib;
  /** Why blocks were not brought online, the last time that was tried. */
  refused?: string;
  /** Why the last query got no answer. */
  noAnswer?: string;
}

/**
 * Asks a guest until it has the expected memory, or the time is up. New blocks that stay offline are brought online
 * through the agent if `hotplug.online` is "agent".
 */
export async function waitForGuest(
  source: GuestSource,
  { before, expected, deadline, online, onProgress }: GuestWait,
): Promise<GuestWaitResult> {
  const onliner = Onliner.until(deadline, source);
  let report = before;
  let shown: Kib | undefined;
  for (;;) {
    let noAnswer: string | undefined;
    try {
      report = await source.ask();
    } catch (error) {
      // A busy guest, or a daemon that is being restarted: the wait goes on.
      noAnswer = printable(error);
    }
    deadline.throwIfAborted();
    const left = missing(report, expected, online);
    if (left === 0) return { report, missing: 0 };
    if (shown !== report.memory) await onProgress(report);
    shown = report.memory;
    if (deadline.isOver) return defined({ report, missing: left, refused: onliner.refused, noAnswer });
    const offline = online === "agent" ? newOffline(report, expected) : [];
    const outcome = await onliner.attend(offline, deadline.remainingSeconds);
    if (outcome === "waiting") await deadline.sleep(POLL_MS);
  }
}
