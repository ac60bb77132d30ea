import { sayMib, saySize } from "../args/size.ts";
import type { Kib } from "../domain/state.ts";
import type { Asked } from "./asked.ts";
import { foldedDefinition, isDefined, takenByOthers } from "./definition.ts";
import { layOut } from "./layout.ts";
import { reasonsAgainstAttach } from "./live-rules.ts";
import type { MemoryView, Observed } from "./observed.ts";
import type { DimmPlan, MemoryDefinition, Plan, Reachable, Step } from "./plan.ts";
import { reachableSizes } from "./reachable.ts";

/** What a replace costs: said wherever one is planned. */
const REPLACE_COSTS =
  "the domain is shut down, deleted and created anew: disk files are kept; NVRAM, TPM state, snapshots and changes made by hand are not";

export const NEXT_BOOT =
  "takes effect when the domain is next shut down and started; a reboot inside the guest isn't enough";

/**
 * Plans a change of memory: what is asked against what is there, never against the size that the state echoes.
 *
 * @param stopping the same update shuts the domain down, so nothing has to be attached
 */
export function planMemory(asked: Asked, observed: Observed, stopping = false): Plan {
  const { live } = observed;
  const plan = live === undefined || stopping ? planOff(asked, observed) : planRunning(asked, observed, live);
  const reachable = reachableSizes(asked, observed);
  return reachable === undefined ? plan : { ...plan, reachable };
}

/** Nothing runs, so the definition is all that changes. */
function planOff(asked: Asked, observed: Observed): Plan {
  const { nextBoot } = observed;
  const steps = definitionSteps(asked, observed);
  if (nextBoot === undefined || steps.length === 0) return nothing();
  if (isTooSmall(asked, observed)) return tooSmall(asked, observed);
  const change =
    nextBoot.memory === asked.memory
      ? `gets ${sayRest(foldedDefinition(asked, observed, nextBoot), nextBoot)}`
      : `goes ${arrow(nextBoot.memory, asked.memory)} of at most ${saySize(asked.maxMemory)}`;
  const when = observed.power === "off" ? "the domain is off" : "once the domain is off";
  return { outcome: "live", summary: `${when}: its definition ${change}`, steps, reasons: [] };
}

function planRunning(asked: Asked, observed: Observed, live: MemoryView): Plan {
  const increase = asked.memory - live.memory;
  if (increase < 0)
    return fallBack(asked, observed, live, [
      `memory that a running domain was started with can't be taken away, and taking DIMMs out is not supported yet (${sayMib(-increase)} less is asked)`,
    ]);
  const fold = definitionSteps(asked, observed);
  if (fold.length > 0 && isTooSmall(asked, observed)) return tooSmall(asked, observed);
  if (increase === 0) return planDefinition(asked, observed, live, fold);
  const reasons = reasonsAgainstAttach(asked, live);
  if (reasons.length > 0) return fallBack(asked, observed, live, reasons);
  const layout = layOut(increase, asked, live);
  const attach = layout.dimms.map(
    (dimm): Step => ({ kind: "attach", dimm, sentence: `attach ${sayDimm(dimm)}` }),
  );
  const notes = [
    "no restart",
    ...(asked.memory === asked.maxMemory && observed.persistent
      ? ["the ceiling is reached: the next boot has no headroom"]
      : []),
    ...(layout.freeSlots === 0 && asked.memory < layout.ceiling
      ? ["the last slot goes: the next increase needs the domain shut down and started first"]
      : []),
    ...(asked.maxMemory !== layout.ceiling && asked.memory < asked.maxMemory
      ? [`the maximum of ${saySize(asked.maxMemory)} takes effect at the next boot`]
      : []),
    ...(observed.persistent ? [] : ["the domain is transient, so the new size ends with it"]),
    ...(observed.power === "paused"
      ? ["the domain is paused: the guest sees the memory when it resumes"]
      : []),
  ];
  const what = `hot-plug ${saySize(increase)} as ${sayDimms(layout.dimms)} (${layout.freeSlots} of ${layout.slots} free after), node ${asked.targetNode}`;
  const sizes = `${arrow(live.memory, asked.memory)} of at most ${saySize(layout.ceiling)}`;
  return {
    outcome: "live",
    summary: `${what}; ${sizes}; ${notes.join("; ")}`,
    steps: [...attach, ...fold],
    reasons: [],
    layout,
  };
}

/** The running domain has its size; its definition may differ: a fold that was interrupted, or a new ceiling. */
function planDefinition(asked: Asked, observed: Observed, live: MemoryView, fold: Step[]): Plan {
  const before = observed.nextBoot;
  if (before === undefined || fold.length === 0) return nothing();
  if (before.memory !== asked.memory)
    return {
      outcome: "live",
      summary: `the running domain has ${sayMib(live.memory)}; its definition goes ${arrow(before.memory, asked.memory)}; no restart`,
      steps: fold,
      reasons: [],
    };
  const rest = sayRest(foldedDefinition(asked, observed, before), before);
  return { outcome: "nextBoot", summary: `${rest}: ${NEXT_BOOT}`, steps: fold, reasons: [] };
}

/** Memory that others put into the definition leaves nothing for the node that takes the rest. */
function isTooSmall(asked: Asked, observed: Observed): boolean {
  return asked.memory <= takenByOthers(asked, observed);
}

function tooSmall(asked: Asked, observed: Observed): Plan {
  const taken = sayMib(takenByOthers(asked, observed));
  const reason = `${sayMib(asked.memory)} can't be defined: the definition has ${taken} in devices that others put there and in other nodes, which leaves nothing for node ${asked.targetNode}`;
  const wayOut = `take those devices out, or ask for more than ${taken}`;
  return { outcome: "refuse", summary: `${reason}; ${wayOut}`, steps: [], reasons: [reason] };
}

/** What can't be done live: replace or an error, as the user chose, with the sizes that are live. */
function fallBack(asked: Asked, observed: Observed, live: MemoryView, reasons: string[]): Plan {
  const what = arrow(live.memory, asked.memory);
  const why = `${what} can't be hot-plugged: ${reasons.join("; ")}; ${nearest(asked, observed, live)}`;
  if (asked.whenNotPossible === "error")
    return {
      outcome: "refuse",
      summary: `${why}; hotplug.whenNotPossible is "error", so nothing is done`,
      steps: [],
      reasons,
    };
  return {
    outcome: "replace",
    summary: `replace: ${why}; ${REPLACE_COSTS}`,
    steps: [{ kind: "replace", fields: ["memory"], sentence: REPLACE_COSTS }],
    reasons,
  };
}

/** The sizes around the asked one that are live from here. */
function nearest(asked: Asked, observed: Observed, live: MemoryView): string {
  const reachable = reachableSizes(asked, observed);
  if (reachable === undefined) return `no other size is live from ${sayMib(live.memory)}`;
  const sizes = around(asked.memory, live.memory, reachable).map((size) =>
    size === live.memory ? `${sayMib(size)}, which it has` : sayMib(size),
  );
  return `live from here: ${sizes.join("; ")} (${sayMib(reachable.from)} to ${sayMib(reachable.to)} in steps of ${sayMib(reachable.step)})`;
}

function around(wanted: Kib, present: Kib, { to, step }: Reachable): Kib[] {
  const below = Math.min(to, Math.max(present, present + Math.floor((wanted - present) / step) * step));
  return below + step <= to ? [below, below + step] : [below];
}

function definitionSteps(asked: Asked, observed: Observed): Step[] {
  const { nextBoot } = observed;
  if (nextBoot === undefined) return [];
  const definition = foldedDefinition(asked, observed, nextBoot);
  if (isDefined(definition, nextBoot)) return [];
  const sentence = `set the definition to ${sayMib(definition.memory)} of base memory, for the next boot`;
  return [{ kind: "define", definition, sentence }];
}

function nothing(): Plan {
  return { outcome: "none", summary: "", steps: [], reasons: [] };
}

export function arrow(from: Kib, to: Kib): string {
  const [a, b] = [sayMib(from), sayMib(to)];
  return a.endsWith(" MiB") && b.endsWith(" MiB") ? `${a.slice(0, -4)} → ${b}` : `${a} → ${b}`;
}

/** What changes in a definition whose total stays: its ceiling, else which part is base memory. */
function sayRest({ memory, maxMemory }: MemoryDefinition, before: MemoryView): string {
  if (maxMemory?.size === before.maxMemory?.size && maxMemory?.slots === before.maxMemory?.slots)
    return `${sayMib(memory)} as base memory`;
  return maxMemory === undefined
    ? `no headroom above ${saySize(memory)}`
    : `at most ${saySize(maxMemory.size)} in ${maxMemory.slots} slots`;
}

function sayDimm({ size, slot, node }: DimmPlan): string {
  return `a DIMM of ${saySize(size)} in slot ${slot}, node ${node}`;
}

function sayDimms(dimms: DimmPlan[]): string {
  const slots = dimms.map(({ slot }) => slot).join(", ");
  return dimms.length === 1 ? `1 DIMM into slot ${slots}` : `${dimms.length} DIMMs into slots ${slots}`;
}
