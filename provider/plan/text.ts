import type { CpuTopology } from "../domain/state.ts";
import type { Kib } from "../units/kib.ts";
import { formatMib, formatSize } from "../units/size.ts";
import type { DesiredMemory } from "./desired.ts";
import type { MemoryView, Observed } from "./observed.ts";
import { type Outcome, type Plan, type Reason, refuse } from "./plan.ts";

/** The longest headline, in characters: a terminal shows it on one row, after the resource's name. */
const HEADLINE_WIDTH = 120;

/** What every headline begins with, for its outcome. */
export const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  none: "no change",
  live: "live",
  nextBoot: "next boot",
  restart: "restart",
  replace: "replace",
  refuse: "refused",
  unknown: "unknown",
};

/** The headline of an outcome: the first wording that fits. The last one must fit whatever the figures are. */
export function headline(outcome: Outcome, ...wordings: string[]): string {
  return fitting(...wordings.map((wording) => `${OUTCOME_WORDS[outcome]}: ${wording}`));
}

/** The first line that fits on a row; else the last one. */
export function fitting(...lines: string[]): string {
  return lines.find(({ length }) => length <= HEADLINE_WIDTH) ?? lines.at(-1) ?? "";
}

/** The headline with a note, if there is room for it. */
export function withNote(line: string, note: string): string {
  return fitting(`${line}; ${note}`, line);
}

/**
 * A plan that does nothing, for one reason.
 *
 * @param short the headline's wording if the reason's text is too long
 */
export function refusal(reason: Reason, short: string, ...details: string[]): Plan {
  const line = headline("refuse", reason.text, short);
  return refuse(line, [reason], line.endsWith(reason.text) ? details : [reason.text, ...details]);
}

/** A detail of every change that waits for the next boot. */
export const NEXT_BOOT =
  "takes effect when the domain is next shut down and started; a reboot inside the guest isn't enough";

/** A detail of every replace. */
export const REPLACE_COSTS =
  "the domain is shut down, deleted and recreated: disk files are kept; NVRAM, TPM state, snapshots and manual changes are lost";

/** Why an adopted domain isn't replaced. */
export const ADOPTED: Reason = { code: "adopted-domain", text: "adopted domains are never replaced" };

/** The only step of a replace, which the engine carries out. */
export const REPLACE_STEP = "delete the domain and create it again";

/** "1 vCPU", "4 vCPUs" */
export function formatVcpus(count: number): string {
  return count === 1 ? "1 vCPU" : `${count} vCPUs`;
}

/** "1 slot", "16 slots" */
export function formatSlots(count: number): string {
  return count === 1 ? "1 slot" : `${count} slots`;
}

/** "1 socket of 8 cores", "2 sockets of 2 dies of 4 cores of 2 threads" */
export function formatTopology({ sockets, dies, cores, threads }: CpuTopology): string {
  const parts: [number, string][] = [
    [sockets, "socket"],
    ...(dies === 1 ? [] : [[dies, "die"] as [number, string]]),
    [cores, "core"],
    ...(threads === 1 ? [] : [[threads, "thread"] as [number, string]]),
  ];
  return parts.map(([count, name]) => `${count} ${name}${count === 1 ? "" : "s"}`).join(" of ");
}

/** "1003 → 1259 MiB" */
export function formatChange(from: Kib, to: Kib): string {
  return formatPair(from, " → ", to);
}

/** "1003 → 1259 MiB", "1003–1259 MiB", "512 of 7168 MiB": the unit once where it is the same. */
export function formatPair(a: Kib, between: string, b: Kib): string {
  const [first, second] = [formatMib(a), formatMib(b)];
  const isSameUnit = first.endsWith(" MiB") && second.endsWith(" MiB");
  return `${isSameUnit ? first.slice(0, -4) : first}${between}${second}`;
}

/** "0", "0 and 1", "0–3 and 5": in ascending order, three or more in a row as a range. */
export function formatNumbers(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  const parts = runs.flatMap(([first, last]) => {
    if (last - first > 1) return [`${first}–${last}`];
    return first === last ? [`${first}`] : [`${first}`, `${last}`];
  });
  return formatList(parts);
}

/** "a", "a and b", "a, b and c" */
export function formatList(items: readonly string[]): string {
  return items.length < 2 ? items.join() : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/** "a, b and 3 more": as many of the names as a reader takes in. */
export function formatNames(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** "a 256 MiB DIMM", "an 8 GiB DIMM": by how the number is read aloud. */
export function withArticle(noun: string): string {
  return /^(8|1[18](\d{3})*\b)/.test(noun) ? `an ${noun}` : `a ${noun}`;
}

/** A detail that depends on a condition. */
export function noteIf(condition: boolean, note: string): string[] {
  return condition ? [note] : [];
}

/** What applies as the maximum, now and at the next boot. */
export function maximumNotes(
  { memory, maxMemory }: DesiredMemory,
  { persistent }: Observed,
  ceiling: Kib,
): string[] {
  return [
    `maximum without a restart: ${formatSize(ceiling)}`,
    ...noteIf(
      memory === maxMemory && persistent,
      "memory reaches maxMemory: the next boot has no headroom unless maxMemory is raised",
    ),
    ...noteIf(
      maxMemory !== ceiling && memory < maxMemory,
      `the maximum of ${formatSize(maxMemory)} takes effect at the next boot`,
    ),
  ];
}

/** A transient domain has no definition that could keep the change. */
export function transientNotes({ persistent }: Observed): string[] {
  return noteIf(!persistent, "the domain is transient: the new size is lost when it stops");
}

/** Linux keeps 1/64 of added memory as its map, taken from what the guest has; beyond this multiple it may have none left. */
const MOST_OVER_BOOT = 32;

/** More memory at once than the kernel may have room to manage. */
export function pageMapNotes({ memory }: DesiredMemory, { cells }: MemoryView): string[] {
  const boot = cells.reduce((total, cell) => total + cell.memory, 0);
  return noteIf(
    boot > 0 && memory - boot > boot * MOST_OVER_BOOT,
    `the new size is more than ${MOST_OVER_BOOT} times the boot memory (${formatMib(boot)}), which may not leave enough for the kernel's page map of the new memory (1/64 of it): grow in steps, with a restart in between`,
  );
}

/** What the headline of an update begins with that changes nothing in the domain. */
export const SETTING_ONLY = "setting only";

/** The headline of an update that changes nothing in the domain. */
export function settingOnly(names: readonly string[]): string {
  return fitting(`${SETTING_ONLY}: ${names.join(", ")}`, `${SETTING_ONLY}: ${names.length} arguments`);
}

/** The detail of a plan for which the host couldn't be asked; the reason follows. */
export const FROM_STATE_ONLY = "planned from the state only; hypervisor unreachable";

/** In the message about a domain that the state has, but its host doesn't. */
export const NO_LONGER_EXISTS = "no longer exists on";
