import type { FieldName } from "../args/fields.ts";
import type { Kib } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import type { DesiredMemory } from "./desired.ts";
import { formatRanges } from "./dimms/detach-text.ts";
import { downwardSizes } from "./live-sizes/down.ts";
import { upwardSizes } from "./live-sizes/up.ts";
import type { MemoryView, Observed } from "./observed.ts";
import { noChange, type Plan, type Reachable, type Reason, refuse, type Step } from "./plan.ts";
import { formatChange, NEXT_BOOT, REPLACE_COSTS } from "./text.ts";
import { deviceKindReason } from "./virtio-mem/rules.ts";

/**
 * What can't be done on the running domain takes the way that the user chose, with the reasons and with the sizes
 * that are live.
 *
 * @param definition the step that sets the inactive definition; empty when that has the size already
 * @param headroom what the way brings beside the size: slots and a ceiling where there were none
 */
export function planFallback(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  reasons: Reason[],
  definition: Step[],
  headroom: string,
): Plan {
  const isSizeKept = live.memory === desired.memory;
  const why = isSizeKept
    ? deviceKindReason(desired, live) !== undefined
      ? `it can't change while the domain runs: ${formatReasons(reasons)}`
      : `the nodes of the running domain can't be changed: ${formatReasons(reasons)}`
    : `${formatChange(live.memory, desired.memory)} can't be ${way(desired, live)}: ${formatReasons(reasons)}; ${nearestLiveSizes(desired, observed, live)}`;
  const { whenNotPossible } = desired;
  if (observed.nextBoot === undefined && (whenNotPossible === "restart" || whenNotPossible === "nextBoot"))
    return refuse(`${why}; the domain is transient: once it is off it is gone, so it has no next boot`, [
      ...reasons,
      {
        code: "transient-domain",
        text: "the domain is transient: once it is off it is gone, so it has no next boot",
      },
    ]);
  switch (whenNotPossible) {
    case "error":
      return refuse(`${why}; hotplug.whenNotPossible is "error", so nothing is done`, [
        ...reasons,
        { code: "when-not-possible-error", text: 'hotplug.whenNotPossible is "error"' },
      ]);
    case "nextBoot":
      if (definition.length === 0) return noChange();
      return {
        outcome: "nextBoot",
        headline: `next boot: ${why}; it ${NEXT_BOOT}${headroom}`,
        details: [],
        steps: definition,
        reasons,
      };
    case "restart":
      if (!desired.allowDowntime)
        return refuse(`${why}; ${forbiddenByStack("restart")}`, [
          ...reasons,
          { code: "downtime-forbidden", text: forbiddenByStack("restart") },
        ]);
      return restart(desired, why, reasons, definition, headroom);
    case "replace":
      if (desired.adopted)
        return refuse(
          `${why}; the domain was adopted, so it is never replaced: hotplug.whenNotPossible "restart" or "nextBoot" keeps it`,
          [...reasons, { code: "adopted-domain", text: "the domain was adopted, so it is never replaced" }],
        );
      if (!desired.allowDowntime)
        return refuse(`${why}; ${forbiddenByStack("replace")}`, [
          ...reasons,
          { code: "downtime-forbidden", text: forbiddenByStack("replace") },
        ]);
      return replace(fieldOf(desired, live), why, reasons, headroom);
  }
}

function way({ device, memory }: DesiredMemory, live: MemoryView): string {
  if (device === "virtio-mem") return "had live";
  return memory < live.memory ? "hot-unplugged" : "hot-plugged";
}

/** The argument that the fallback is for. */
function fieldOf(desired: DesiredMemory, live: MemoryView): FieldName {
  if (live.memory !== desired.memory) return "memory";
  return deviceKindReason(desired, live) === undefined ? "numa" : "hotplug";
}

function replace(field: FieldName, why: string, reasons: Reason[], headroom: string): Plan {
  const sentence = `${REPLACE_COSTS}; hotplug.whenNotPossible "restart" would keep them`;
  return {
    outcome: "replace",
    headline: `replace: ${why}; ${sentence}${headroom}`,
    details: [],
    steps: [{ kind: "replace", fields: [field], sentence }],
    reasons,
  };
}

/** The definition comes first: one that libvirt refuses must not cost the guest its uptime. */
function restart(
  desired: DesiredMemory,
  why: string,
  reasons: Reason[],
  definition: Step[],
  headroom: string,
): Plan {
  const plug = desired.forceOff ? "after that its plug is pulled: forceOff" : "its plug is never pulled";
  const stop: Step = { kind: "stop", force: desired.forceOff, sentence: "shut the guest down" };
  const start: Step = { kind: "start", sentence: "start the domain" };
  return {
    outcome: "restart",
    headline: `restart: ${why}; the guest is shut down within shutdownTimeout (${plug}) and started with ${formatMib(desired.memory)}${headroom}`,
    details: [],
    steps: [...definition, stop, start],
    reasons,
  };
}

function formatReasons(reasons: Reason[]): string {
  return reasons.map(({ text }) => text).join("; ");
}

function forbiddenByStack(what: string): string {
  return `a ${what} is forbidden by the stack (libvirt-hotplug:allowDowntime is false), so nothing is done`;
}

/** The sizes around the asked one that are live from here. */
function nearestLiveSizes(desired: DesiredMemory, observed: Observed, live: MemoryView): string {
  const up = upwardSizes(desired, observed);
  const all = [...downwardSizes(desired, observed), ...(up ? [up] : [])];
  if (all.length === 0) return `no other size is live from ${formatMib(live.memory)}`;
  const sizes = around(desired.memory, live.memory, all).map((size) =>
    size === live.memory ? `${formatMib(size)}, which it has` : formatMib(size),
  );
  return `live from here: ${sizes.join("; ")} (${formatRanges(all)})`;
}

/** The nearest size below the wanted one and the nearest above it: the present one is one of them, too. */
function around(wanted: Kib, present: Kib, sizes: Reachable[]): Kib[] {
  const fitting = sizes.flatMap(({ from, to, step }) => {
    if (wanted < from) return [from];
    const below = Math.min(to, from + Math.floor((wanted - from) / step) * step);
    return below + step <= to ? [below, below + step] : [below];
  });
  const all = [present, ...fitting].sort((a, b) => a - b);
  const below = all.findLast((size) => size <= wanted);
  const above = all.find((size) => size > wanted);
  return [below, above].flatMap((size) => size ?? []);
}
