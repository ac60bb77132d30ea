import { hotplugSetting, type OnlinePolicy } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { vcpusOf } from "../domain/state.ts";
import { printable } from "../guest/report.ts";
import { describeRemedy } from "../guest/text.ts";
import { currentVcpuRecord, type VcpuRecord, type VcpuReport, vcpuSource } from "../guest/vcpus.ts";
import { formatVcpus } from "../plan/text.ts";
import type { RefreshedDomain } from "./refreshed-guest.ts";

/** What a refresh finds out about a guest's vCPUs. */
interface RefreshedVcpus {
  /** For the state. */
  record: VcpuRecord | undefined;
  message?: { severity: "info" | "warning"; text: string };
}

/**
 * Compares the vCPUs that a running guest uses with those of its domain, where they were changed since it was started: a guest that
 * reboots by itself may come back with all of them, and one that was slow may have them by now.
 */
export async function refreshedVcpus(guest: RefreshedDomain): Promise<RefreshedVcpus> {
  const { session, hypervisor, domain, observation, state, inputs } = guest;
  const record = currentVcpuRecord(state.__guestVcpus, domain.id);
  const { power, live } = observation.observed;
  if (record === undefined || power !== "running" || live === undefined || !observation.agentConnected)
    return { record };
  let report: VcpuReport;
  try {
    report = await vcpuSource(hypervisor, domain).ask();
  } catch (error) {
    const text = `couldn't ask the guest agent about the vCPUs: ${printable(error)}`;
    return { record, message: { severity: "info", text } };
  }
  const online = hotplugSetting("online", inputs, session.defaults);
  const missing = missingNow(report, vcpusOf(live), record, online);
  const { domainId } = record;
  const found = defined({ domainId, online: report.online.length, missing: missing || undefined });
  if (missing === 0) return { record: found };
  const text = `the guest lacks ${formatVcpus(missing)} of its domain; ${describeRemedy("agent", online, "vcpus")}`;
  return { record: found, message: { severity: "warning", text } };
}

/** vCPUs that a user of the guest kept offline at the last change aren't missing. */
function missingNow(
  { online, offline }: VcpuReport,
  present: number,
  record: VcpuRecord,
  policy: OnlinePolicy,
): number {
  if (online.length > present) return online.length - present;
  const keptThen =
    record.online === undefined ? 0 : Math.max(0, present - record.online - (record.missing ?? 0));
  const kept = policy === "none" ? offline.length : Math.min(keptThen, offline.length);
  return Math.max(0, present - online.length - kept);
}
