import type { OnlinePolicy } from "../args/settings.ts";
import { KIB_PER_GIB, KIB_PER_MIB, type Kib } from "../units/kib.ts";
import { formatSize, formatWholeMib } from "../units/size.ts";
import { type Expectation, newOffline } from "./expectation.ts";
import type { GuestReport, Speaker } from "./report.ts";
import type { GuestWait, GuestWaitResult } from "./wait-for-guest.ts";

/** Where a figure comes from. */
export const SPEAKERS: Record<Speaker, string> = {
  agent: "the guest agent",
  balloon: "the guest's balloon driver",
};

/** "1.1 of 3.0 GiB online" */
export function describeProgress(report: GuestReport, expected: Expectation): string {
  const inGib = expected.memory >= KIB_PER_GIB;
  const format = (size: Kib) =>
    inGib ? (size / KIB_PER_GIB).toFixed(1) : `${Math.floor(size / KIB_PER_MIB)}`;
  return `${format(report.memory)} of ${format(expected.memory)} ${inGib ? "GiB" : "MiB"} online`;
}

/** Why a guest doesn't have the attached memory, with figures and what would help. */
export function describeMissing(
  { report, refused, noAnswer }: GuestWaitResult,
  { before, expected, online, agentError }: Pick<GuestWait, "before" | "expected" | "online" | "agentError">,
): string {
  if (noAnswer !== undefined) return `${SPEAKERS[expected.speaker]} stopped responding (${noAnswer})`;
  if (expected.speaker === "balloon")
    return report.reported === before.reported
      ? "its balloon driver has not reported since the attach: the guest hangs or is too busy"
      : `its balloon driver reports ${formatWholeMib(report.memory)}: the memory may still be offline in the guest (${describeAgent(agentError)}), or the guest may have rejected it (see its kernel log)`;
  const { block = 0 } = report;
  const offline = newOffline(report, expected);
  const absent = expected.memory - report.memory - offline.length * block;
  return [
    offline.length > 0
      ? `${offline.length} new memory ${offline.length === 1 ? "block" : "blocks"} of ${formatSize(block)} ${offline.length === 1 ? "is" : "are"} offline${describeOfflineCause(online, refused)}`
      : "",
    absent > 0
      ? `the guest has no memory blocks for ${formatSize(absent)}: it rejected that memory or is slow (see its kernel log)`
      : "",
  ]
    .filter(Boolean)
    .join("; ");
}

function describeAgent(error: string | undefined): string {
  return error === undefined
    ? "a guest agent could bring it online"
    : `the guest agent, which could bring it online, is connected but unusable: ${error}`;
}

function describeOfflineCause(online: OnlinePolicy, refused: string | undefined): string {
  if (refused !== undefined) return `: ${refused}`;
  return online === "guest"
    ? '; with hotplug.online "guest", the guest must bring them online itself (memhp_default_state=online or a udev rule)'
    : "";
}

/** The memory that a guest has and isn't expected to use, after its figure: "; 128 MiB is offline in the guest". */
export function describeUnused({ offline, block = 0 }: GuestReport, online: OnlinePolicy): string {
  if (offline.length === 0) return "";
  const size = formatSize(offline.length * block);
  return `; ${size} is offline in the guest${online === "none" ? ' (hotplug.online "none")' : ""}`;
}

/** Why a guest with such memory blocks can't take these DIMMs; undefined when it can. Linux only takes whole blocks. */
export function describeUnsuitable({ block }: GuestReport, sizes: Kib[]): string | undefined {
  const odd = block === undefined ? undefined : sizes.find((size) => size % block !== 0);
  if (odd === undefined || block === undefined) return undefined;
  return `the guest's memory blocks are ${formatSize(block)}, and a DIMM of ${formatSize(odd)} is not a multiple of that: the guest would reject it and every later DIMM; set hotplug.alignment to "${block / KIB_PER_MIB}MiB"`;
}

/** What a guest lacks of the memory that is attached to it, found by a refresh. */
interface LackingMemory {
  speaker: Speaker;
  report: GuestReport;
  expected: Expectation;
  lacking: Kib;
  online: OnlinePolicy;
  /** Updates wait for the guest: `hotplug.awaitGuest`. */
  isAwaited: boolean;
  /** Why a connected agent gave no usable answer. */
  agentError: string | undefined;
}

/** What the guest lacks, and what becomes of it. */
export function describeLacking({
  speaker,
  report,
  expected,
  lacking,
  online,
  isAwaited,
  agentError,
}: LackingMemory): string {
  const { block = 0 } = report;
  const offline = newOffline(report, expected).length;
  const absent = lacking - (online === "none" ? 0 : offline * block);
  const found =
    speaker === "balloon"
      ? [
          `its balloon driver reports only ${formatWholeMib(report.memory)}`,
          ...(agentError === undefined ? [] : [`the guest agent is connected but unusable: ${agentError}`]),
        ]
      : [
          ...(offline > 0 ? [`${offline} memory ${offline === 1 ? "block is" : "blocks are"} offline`] : []),
          ...(absent > 0 ? [`it has no memory blocks for ${formatSize(absent)} (see its kernel log)`] : []),
        ];
  return `the guest lacks ${formatWholeMib(lacking)} of its attached memory: ${found.join("; ")}; ${isAwaited ? `the next update waits for it: ${describeRemedy(speaker, online)}` : NOT_AWAITED}`;
}

/** Why nothing becomes of memory that a guest lacks. */
export const NOT_AWAITED = "hotplug.awaitGuest is false, so no update waits for it or brings it online";

/** Who brings the memory or the vCPUs online that a guest lacks. */
export function describeRemedy(
  speaker: Speaker,
  online: OnlinePolicy,
  of: "memory" | "vcpus" = "memory",
): string {
  const what = of === "memory" ? "it" : "them";
  if (online === "agent")
    return speaker === "agent"
      ? `the guest agent is asked to bring ${what} online`
      : "the guest agent is asked to bring it online if it responds, else the guest must do that itself";
  return `hotplug.online is "${online}", so the guest must bring ${what} online itself`;
}
