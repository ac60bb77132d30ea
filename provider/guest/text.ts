import type { OnlinePolicy } from "../args/settings.ts";
import type { Kib } from "../units/kib.ts";
import { KIB_PER_MIB } from "../units/kib.ts";
import { formatSize, formatWholeMib } from "../units/size.ts";
import { type Expectation, newOffline } from "./expectation.ts";
import type { GuestReport } from "./report.ts";
import type { GuestWaitResult } from "./wait.ts";

/** «1.1 of 3.0 GiB online» */
export function describeProgress(word: GuestReport, expected: Expectation): string {
  const inGib = expected.memory >= KIB_PER_GIB;
  const say = (size: Kib) => (inGib ? (size / KIB_PER_GIB).toFixed(1) : `${Math.floor(size / KIB_PER_MIB)}`);
  return `${say(word.memory)} of ${say(expected.memory)} ${inGib ? "GiB" : "MiB"} online`;
}

const KIB_PER_GIB = 1024 * KIB_PER_MIB;

/** Why a guest hasn't what was attached, with the counts and what would help. */
export function describeMissing(
  verdict: GuestWaitResult,
  before: GuestReport,
  expected: Expectation,
  online: OnlinePolicy,
): string {
  const { word, refused, silent } = verdict;
  if (silent !== undefined) return `the ${expected.speaker} does not answer any more (${silent})`;
  if (expected.speaker === "balloon") {
    const stuck = word.reported === before.reported;
    return stuck
      ? "its balloon has reported nothing since the attach: the guest hangs, or is too busy"
      : `its balloon reports ${formatWholeMib(word.memory)}; the memory may have arrived offline, which a guest with an agent lets be changed from here, or the guest may have refused it (its kernel log says why)`;
  }
  const { block = 0 } = word;
  const offline = newOffline(word, expected);
  const absent = expected.memory - word.memory - offline.length * block;
  return [
    offline.length > 0
      ? `${count(offline.length, "new block")} of ${formatSize(block)} ${offline.length === 1 ? "is" : "are"} offline${whyOffline(online, refused)}`
      : "",
    absent > 0
      ? `the guest has no blocks for ${formatSize(absent)}: it refused that memory, or is slow (its kernel log says why)`
      : "",
  ]
    .filter(Boolean)
    .join("; ");
}

function whyOffline(online: OnlinePolicy, refused: string | undefined): string {
  if (refused !== undefined) return `, and ${refused}`;
  return online === "guest"
    ? ', and hotplug.online is "guest": the guest itself has to bring them online (memhp_default_state=online, or a rule of udev)'
    : "";
}

/** Why DIMMs can't arrive in a guest with such blocks; undefined when they can. Linux takes whole blocks alone. */
export function describeUnsuitable({ block }: GuestReport, sizes: Kib[]): string | undefined {
  const odd = block === undefined ? undefined : sizes.find((size) => size % block !== 0);
  if (odd === undefined || block === undefined) return undefined;
  return `the guest takes memory in blocks of ${formatSize(block)}, and a DIMM of ${formatSize(odd)} is no multiple of that: it would refuse it, and every later DIMM too; set hotplug.alignment to "${block / KIB_PER_MIB}MiB"`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
