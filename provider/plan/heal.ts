import type { Asked } from "./asked.ts";
import { sum } from "./cells.ts";
import { type Healing, sayHealing, sayRefused } from "./heal-words.ts";
import { alignedBases, sayDimm } from "./layout.ts";
import type { MemoryView, SeenDevice } from "./observed.ts";
import { type DimmPlan, isGraver, type Outcome, type Plan, type Step } from "./plan.ts";
import { isOdd, isUntaken, refusedDimms } from "./refused.ts";
import { isOurs } from "./slots.ts";

/**
 * Plans a change of a running domain, and heals DIMMs that the guest never took since they are off its memory blocks. Our
 * own are plugged again: of the same size, in the same slot and node. Those of others, and those of a size that no address
 * is right for, stay, unless the asked size can be had without them and not with them. What the guest took, or may have
 * taken, is left alone.
 *
 * @param plan plans the change from a running domain that is like this
 */
export function healed(asked: Asked, live: MemoryView, plan: (live: MemoryView) => Plan): Plan {
  const asItIs = plan(live);
  if (!mayHeal(asked)) return explained(asItIs, asked, live);
  for (const removed of choices(asked, live)) {
    const healing = heal(removed, live);
    if (healing.removed.length + healing.again.length === 0) {
      if (reaches(asItIs, asked, live)) return asItIs;
      continue;
    }
    const after = afterHealing(healing, live);
    const rest = plan(after);
    const aliases = new Set(healing.again.map(({ dimm }) => dimm.alias));
    const undone = rest.steps.some((step) => step.kind === "detach" && aliases.has(step.dimm.alias));
    if (reaches(rest, asked, after) && !undone) return together(healing, asked, live, rest);
  }
  return explained(asItIs, asked, live);
}

/** Healing plugs, at once: where that isn't wanted it is no matter. */
function mayHeal({ heal, enabled, applyOn }: Asked): boolean {
  return heal && enabled && applyOn === "now";
}

/** Ours, and at the wrong address alone. */
function isMisplaced(device: SeenDevice, live: MemoryView): boolean {
  return isOurs(device) && !isOdd(device, live) && refusedDimms(live).includes(device);
}

/** What may be taken out for good, from the least to the most. */
function choices(asked: Asked, live: MemoryView): SeenDevice[][] {
  const odd = refusedDimms(live).filter((device) => isOdd(device, live));
  const theirs = live.devices.filter((device) => isUntaken(device) && !isOurs(device));
  const foreign = [[], odd, [...new Set([...odd, ...theirs])]];
  if (asked.memory >= live.memory) return foreign;
  // Less is asked: what the guest never had goes first.
  const ours = live.devices.filter((device) => isMisplaced(device, live));
  return [...(ours.length === 0 ? [] : foreign.map((removed) => [...ours, ...removed])), ...foreign];
}

function heal(removed: SeenDevice[], live: MemoryView): Healing {
  const again = live.devices.filter((device) => isMisplaced(device, live) && !removed.includes(device));
  const bases = alignedBases(
    again.map(({ size }) => size),
    without([...removed, ...again], live),
  );
  return {
    removed,
    again: again.map((device, index) => ({ device, dimm: pluggedAgain(device, bases?.[index]) })),
  };
}

function pluggedAgain(device: SeenDevice, base: string | undefined): DimmPlan {
  const { size, node = 0, slot = 0, alias = "", nodemask, pageSize } = device;
  const source = {
    ...(nodemask !== undefined && { nodemask }),
    ...(pageSize !== undefined && { pageSize }),
  };
  const isSaid = nodemask !== undefined || pageSize !== undefined;
  return { size, node, slot, alias, ...(base !== undefined && { base }), ...(isSaid && { source }) };
}

/** The running domain as healing leaves it. */
function afterHealing({ removed, again }: Healing, live: MemoryView): MemoryView {
  const rest = without([...removed, ...again.map(({ device }) => device)], live);
  const plugged = again.map(({ device, dimm }): SeenDevice => {
    const { base: _, taken: __, ...same } = device;
    return { ...same, ...(dimm.base !== undefined && { base: dimm.base }) };
  });
  return {
    ...rest,
    memory: rest.memory + sum(plugged.map(({ size }) => size)),
    devices: [...rest.devices, ...plugged],
  };
}

function without(devices: SeenDevice[], live: MemoryView): MemoryView {
  return {
    ...live,
    memory: live.memory - sum(devices.map(({ size }) => size)),
    devices: live.devices.filter((device) => !devices.includes(device)),
  };
}

/** The running domain has the asked size then, without a shutdown. */
function reaches({ outcome }: Plan, asked: Asked, live: MemoryView): boolean {
  return outcome === "live" || (asked.memory === live.memory && !isGraver(outcome, "nextBoot"));
}

function together(healing: Healing, asked: Asked, live: MemoryView, rest: Plan): Plan {
  const { removed, again } = healing;
  const detach = [...removed, ...again.map(({ device }) => device)].map((device): Step => {
    const { size, node = 0, alias = "", slot, base } = device;
    const where = `${slot === undefined ? "" : ` in slot ${slot}`}, node ${node}`;
    return {
      kind: "detach",
      dimm: { size, node, alias, ...(slot !== undefined && { slot }), ...(base !== undefined && { base }) },
      sentence: `take out ${alias}${where}, which the guest never took`,
    };
  });
  const attach = again.map(
    ({ dimm }): Step => ({ kind: "attach", dimm, sentence: `attach ${sayDimm(dimm)}` }),
  );
  const outcome: Outcome = isGraver(rest.outcome, "live") ? rest.outcome : "live";
  const summary = [sayHealing(healing, asked, live), rest.summary || "no restart"].join("; ");
  return { ...rest, outcome, summary, steps: [...detach, ...attach, ...rest.steps] };
}

/** The plan as it is without healing, with what there is to say of DIMMs that the guest never took. */
function explained(plan: Plan, asked: Asked, live: MemoryView): Plan {
  if (plan.summary === "") return plan;
  return { ...plan, summary: [plan.summary, ...sayRefused(asked, live)].join("; ") };
}
