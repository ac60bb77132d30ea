import type { OnlinePolicy } from "../args/settings.ts";
import type { Deadline } from "../deadline.ts";
import { defined } from "../defined.ts";
import type { Kib } from "../units/kib.ts";
import { Onliner } from "./bring-online.ts";
import { type Expectation, missing, newOffline } from "./expectation.ts";
import { type Asked, type GuestReport, type GuestSource, printable } from "./report.ts";

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

/** What a wait for memory or vCPUs waits for. */
interface Arrival<Report> {
  before: Report;
  deadline: Deadline;
  online: OnlinePolicy;
  /** What a report lacks; 0: nothing. */
  missing(report: Report): number;
  /** The new blocks or vCPUs that the guest has and doesn't use. */
  newOffline(report: Report): number[];
  /** How much of it the guest uses. */
  amount(report: Report): number;
  onProgress(report: Report): Promise<void>;
}

/** How a wait ended. */
export interface GuestWaitResult<Report = GuestReport> {
  /** The guest's last report. */
  report: Report;
  /** 0: all of it has arrived. */
  missing: Kib;
  /** Why blocks or vCPUs were not brought online, the last time that was tried. */
  refused?: string;
  /** Why the last query got no answer. */
  noAnswer?: string;
}

/** Asks a guest until it has the expected memory, or the time is up. */
export function waitForGuest(
  source: GuestSource,
  { before, expected, deadline, online, onProgress }: GuestWait,
): Promise<GuestWaitResult> {
  return waitForArrival(source, {
    ...{ before, deadline, online, onProgress },
    missing: (report) => missing(report, expected, online),
    newOffline: (report) => newOffline(report, expected),
    amount: ({ memory }) => memory,
  });
}

/**
 * Asks a guest until it has what was added, or the time is up. What stays offline is brought online through the agent if
 * `hotplug.online` is "agent".
 */
export async function waitForArrival<Report>(
  source: Asked<Report>,
  { before, deadline, online, onProgress, ...arrival }: Arrival<Report>,
): Promise<GuestWaitResult<Report>> {
  const onliner = Onliner.until(deadline, source);
  let report = before;
  let shown: number | undefined;
  for (;;) {
    let noAnswer: string | undefined;
    try {
      report = await source.ask();
    } catch (error) {
      // A busy guest, or a daemon that is being restarted: the wait goes on.
      noAnswer = printable(error);
    }
    deadline.throwIfAborted();
    const left = arrival.missing(report);
    if (left === 0) return { report, missing: 0 };
    const amount = arrival.amount(report);
    if (shown !== amount) await onProgress(report);
    shown = amount;
    if (deadline.isOver) return { report, missing: left, ...defined({ refused: onliner.refused, noAnswer }) };
    const offline = online === "agent" ? arrival.newOffline(report) : [];
    const outcome = await onliner.attend(offline, deadline.remainingSeconds);
    if (outcome === "waiting") await deadline.sleep(POLL_MS);
  }
}
