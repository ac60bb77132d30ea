import type { FieldName } from "../args/fields.ts";
import { sayMib } from "../args/size.ts";
import type { Kib } from "../domain/state.ts";
import type { Asked } from "./asked.ts";
import { downwardSizes } from "./dimms/reachable-down.ts";
import { sayRanges } from "./dimms/shrink-words.ts";
import type { MemoryView, Observed } from "./observed.ts";
import { nothing, type Plan, type Reachable, type Step } from "./plan.ts";
import { reachableSizes } from "./reachable.ts";
import { otherKindReason } from "./virtio-mem/rules.ts";
import { arrow, NEXT_BOOT, REPLACE_COSTS } from "./words.ts";

/**
 * What can't be done on the running domain takes the way that the user chose, with the reasons and with the sizes
 * that are live.
 *
 * @param definition the step that sets the inactive definition; empty when that has the size already
 * @param headroom what the way brings beside the size: slots and a ceiling where there were none
 */
export function fallBack(
  asked: Asked,
  observed: Observed,
  live: MemoryView,
  reasons: string[],
  definition: Step[],
  headroom: string,
): Plan {
  const isSizeKept = live.memory === asked.memory;
  const why = isSizeKept
    ? otherKindReason(asked, live) !== undefined
      ? `it can't change while the domain runs: ${reasons.join("; ")}`
      : `the nodes of the running domain can't be changed: ${reasons.join("; ")}`
    : `${arrow(live.memory, asked.memory)} can't be ${way(asked, live)}: ${reasons.join("; ")}; ${nearest(asked, observed, live)}`;
  const { whenNotPossible } = asked;
  if (observed.nextBoot === undefined && (whenNotPossible === "restart" || whenNotPossible === "nextBoot"))
    return refuse(
      `${why}; the domain is transient: once it is off it is gone, so it has no next boot`,
      reasons,
    );
  switch (whenNotPossible) {
    case "error":
      return refuse(`${why}; hotplug.whenNotPossible is "error", so nothing is done`, reasons);
    case "nextBoot":
      if (definition.length === 0) return nothing();
      return {
        outcome: "nextBoot",
        summary: `next boot: ${why}; it ${NEXT_BOOT}${headroom}`,
        steps: definition,
        reasons,
      };
    case "restart":
      if (!asked.allowDowntime) return refuse(`${why}; ${forbidden("restart")}`, reasons);
      return restart(asked, why, reasons, definition, headroom);
    case "replace":
      if (asked.adopted)
        return refuse(
          `${why}; the domain was adopted, so it is never replaced: hotplug.whenNotPossible "restart" or "nextBoot" keeps it`,
          reasons,
        );
      if (!asked.allowDowntime) return refuse(`${why}; ${forbidden("replace")}`, reasons);
      return replace(fieldOf(asked, live), why, reasons, headroom);
  }
}

function way({ device, memory }: Asked, live: MemoryView): string {
  if (device === "virtio-mem") return "had live";
  return memory < live.memory ? "hot-unplugged" : "hot-plugged";
}

/** The argument that the fallback is for. */
function fieldOf(asked: Asked, live: MemoryView): FieldName {
  if (live.memory !== asked.memory) return "memory";
  return otherKindReason(asked, live) === undefined ? "numa" : "hotplug";
}

function replace(field: FieldName, why: string, reasons: string[], headroom: string): Plan {
  const sentence = `${REPLACE_COSTS}; hotplug.whenNotPossible "restart" would keep them`;
  return {
    outcome: "replace",
    summary: `replace: ${why}; ${sentence}${headroom}`,
    steps: [{ kind: "replace", fields: [field], sentence }],
    reasons,
  };
}

/** The definition comes first: one that libvirt refuses must not cost the guest its uptime. */
function restart(asked: Asked, why: string, reasons: string[], definition: Step[], headroom: string): Plan {
  const plug = asked.forceOff ? "after that its plug is pulled: forceOff" : "its plug is never pulled";
  const stop: Step = { kind: "stop", force: asked.forceOff, sentence: "shut the guest down" };
  const start: Step = { kind: "start", sentence: "start the domain" };
  return {
    outcome: "restart",
    summary: `restart: ${why}; the guest is shut down within shutdownTimeout (${plug}) and started with ${sayMib(asked.memory)}${headroom}`,
    steps: [...definition, stop, start],
    reasons,
  };
}

export function refuse(summary: string, reasons: string[]): Plan {
  return { outcome: "refuse", summary, steps: [], reasons };
}

function forbidden(what: string): string {
  return `a ${what} is forbidden by the stack (libvirt-hotplug:allowDowntime is false), so nothing is done`;
}

/** The sizes around the asked one that are live from here. */
function nearest(asked: Asked, observed: Observed, live: MemoryView): string {
  const up = reachableSizes(asked, observed);
  const all = [...downwardSizes(asked, observed), ...(up ? [up] : [])];
  if (all.length === 0) return `no other size is live from ${sayMib(live.memory)}`;
  const sizes = around(asked.memory, live.memory, all).map((size) =>
    size === live.memory ? `${sayMib(size)}, which it has` : sayMib(size),
  );
  return `live from here: ${sizes.join("; ")} (${sayRanges(all)})`;
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
