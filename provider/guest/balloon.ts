import { type Clock, Deadline } from "../deadline.ts";
import type { DomainRef, Hypervisor, MemoryStats } from "../libvirt/hypervisor.ts";
import type { Kib } from "../units/kib.ts";
import type { GuestReport, GuestSource } from "./report.ts";

/** In domains that this provider defines the balloon driver reports every 2 s; nothing waits for a slower one. */
const REPORT_MS = 5_000;

const POLL_MS = 250;

/** Reads the statistics that the guest's balloon driver last reported to QEMU, every few seconds. */
export function balloonSource(hypervisor: Hypervisor, domain: DomainRef): GuestSource {
  return {
    speaker: "balloon",
    ask: async () => readReport(await hypervisor.memoryStats(domain)),
  };
}

function readReport({ available, lastUpdate }: MemoryStats): GuestReport {
  // QEMU answers 0 until the driver has reported for the first time, and always without <stats period>.
  if (available === undefined || !lastUpdate) throw new Error("the balloon driver reports no statistics");
  return { memory: available, offline: [], reported: lastUpdate };
}

/**
 * What the balloon driver reports next: its last report may be older than what has just been done.
 *
 * @returns undefined where it doesn't report again in time
 */
export async function nextReport(
  hypervisor: Hypervisor,
  domain: DomainRef,
  clock: Clock,
): Promise<GuestReport | undefined> {
  const next = await nextStatistics(hypervisor, domain, clock);
  return next?.available === undefined ? undefined : readReport(next);
}

/**
 * The memory that a guest can give up without swapping (MemAvailable), by its next report, or its last one if there is none in
 * time; undefined where its balloon doesn't report it.
 */
export async function availableMemory(
  hypervisor: Hypervisor,
  domain: DomainRef,
  clock: Clock,
): Promise<Kib | undefined> {
  const first = await hypervisor.memoryStats(domain);
  if (!first.lastUpdate || first.usable === undefined) return undefined;
  return ((await nextStatistics(hypervisor, domain, clock, first)) ?? first).usable;
}

async function nextStatistics(
  hypervisor: Hypervisor,
  domain: DomainRef,
  clock: Clock,
  last?: MemoryStats,
): Promise<MemoryStats | undefined> {
  const first = last ?? (await hypervisor.memoryStats(domain));
  if (!first.lastUpdate) return undefined;
  const deadline = Deadline.inMs(REPORT_MS, clock);
  while (!deadline.isOver) {
    await deadline.sleep(POLL_MS);
    const stats = await hypervisor.memoryStats(domain).catch(() => first);
    if (stats.lastUpdate && stats.lastUpdate !== first.lastUpdate) return stats;
  }
  return undefined;
}
