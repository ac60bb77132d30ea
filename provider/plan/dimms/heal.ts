import type { Asked } from "../asked.ts";
import { sum } from "../cells.ts";
import type { MemoryView, Observed, SeenDevice } from "../observed.ts";
import { isGraver, type Outcome, type Plan, type Step } from "../plan.ts";
import { type Healing, sayHealing, sayRefused } from "./heal-words.ts";
import { alignedBases, dimmUnit, sayDimm } from "./layout.ts";
import { isMisplaced, isOdd, isUntaken, refusedDimms } from "./refused.ts";
import { removal, without } from "./shrink.ts";
import { sayRemoval } from "./shrink-words.ts";
import { isOurs } from "./slots.ts";
import { unevenness } from "./spread.ts";

/**
 * Plans a change of a running domain, and heals DIMMs that the guest never took since they are off its memory blocks. Our
 * own are plugged again: of the same size, in the same slot and node. Those of others, and those of a size that no address
 * is right for, stay, unless the asked size can be had without them and not with them. What the guest took, or may have
 * taken, is left alone.
 *
 * Whatever is taken out could be plugged by the next run as any increase is, should this one be killed in between.
 *
 * @param plan plans the change from a running domain that is like this
 */
export function healed(
  asked: Asked,
  observed: Observed,
  live: MemoryView,
  plan: (live: MemoryView) => Plan,
): Plan {
  const asItIs = plan(live);
  if (!mayHeal(asked)) return explained(asItIs, asked, live);
  const ours = live.devices.filter((device) => isMisplaced(device, live));
  for (const misfits of inTheWay(asked, live, observed.nextBoot)) {
    if (misfits.length > 0 && reaches(asItIs, asked, live)) break;
    const out = [...misfits, ...ours];
    const left = without(out, observed, live).live;
    const rest = out.length === 0 ? asItIs : plan(left);
    if (!reaches(rest, asked, left)) continue;
    if (out.length === 0) return asItIs;
    const healing = pluggedAgain(misfits, ours, left);
    const after = afterHealing(healing, left);
    const restAfter = canPlugAgain(ours, asked, live, after) && plan(after);
    if (restAfter && reaches(restAfter, asked, after)) return together(healing, asked, live, restAfter);
    return together({ removed: out, again: [] }, asked, live, rest);
  }
  return explained(asItIs, asked, live);
}

/** Healing plugs, at once: where that isn't wanted it is no matter. */
function mayHeal({ heal, enabled, applyOn, device }: Asked): boolean {
  return heal && enabled && applyOn === "now" && device === "dimm";
}

/** What may be taken out for good, from the least to the most. */
function inTheWay(asked: Asked, live: MemoryView, nextBoot: MemoryView | undefined): SeenDevice[][] {
  // The fold of a spread goes by what runs, so it has to have what others put into both.
  const stays = (device: SeenDevice) => asked.target === "spread" && isDefinedToo(device, nextBoot);
  const odd = refusedDimms(live).filter((device) => isOdd(device, live) && !stays(device));
  const theirs = live.devices.filter((device) => isUntaken(device) && !isOurs(device) && !stays(device));
  return [[], odd, [...new Set([...odd, ...theirs])]];
}

/** Aliases of libvirt's own are not in the definition. */
function isDefinedToo({ model, size, slot }: SeenDevice, nextBoot: MemoryView | undefined): boolean {
  const isSame = (one: SeenDevice) =>
    one.model === model && one.size === size && (one.slot === undefined || one.slot === slot);
  return nextBoot?.devices.some(isSame) === true;
}

/**
 * Where less is asked, what the guest never had goes first. Else DIMMs come back as they were, where a run that is killed
 * before all of them are back leaves what the next one can fill up.
 */
function canPlugAgain(ours: SeenDevice[], asked: Asked, live: MemoryView, after: MemoryView): boolean {
  const unit = dimmUnit(asked, live).size;
  const isEven = asked.target !== "spread" || asked.memory > after.memory || unevenness(after) === 0;
  return asked.memory >= live.memory && isEven && ours.every(({ size }) => size % unit === 0);
}

function pluggedAgain(removed: SeenDevice[], ours: SeenDevice[], left: MemoryView): Healing {
  const bases = alignedBases(
    ours.map(({ size }) => size),
    left,
  );
  const again = ours.map((device, index) => {
    const { size, node = 0, slot = 0, alias = "", nodemask, pageSize } = device;
    const base = bases?.[index];
    const source = {
      ...(nodemask !== undefined && { nodemask }),
      ...(pageSize !== undefined && { pageSize }),
    };
    const isSaid = nodemask !== undefined || pageSize !== undefined;
    const dimm = { size, node, slot, alias, ...(base !== undefined && { base }), ...(isSaid && { source }) };
    return { device, dimm };
  });
  return { removed, again };
}

/** The running domain as healing leaves it. */
function afterHealing({ again }: Healing, left: MemoryView): MemoryView {
  const plugged = again.map(({ device, dimm }): SeenDevice => {
    const { base: _, taken: __, ...same } = device;
    return { ...same, ...(dimm.base !== undefined && { base: dimm.base }) };
  });
  return {
    ...left,
    memory: left.memory + sum(plugged.map(({ size }) => size)),
    devices: [...left.devices, ...plugged],
  };
}

/** The running domain has the asked size then, without a shutdown. */
function reaches({ outcome }: Plan, asked: Asked, live: MemoryView): boolean {
  return outcome === "live" || (asked.memory === live.memory && !isGraver(outcome, "nextBoot"));
}

function together(healing: Healing, asked: Asked, live: MemoryView, rest: Plan): Plan {
  const { removed, again } = healing;
  const detach = [...removed, ...again.map(({ device }) => device)].map((device): Step => {
    const dimm = removal(device);
    return { kind: "detach", dimm, sentence: `take ${sayRemoval(dimm)}, which the guest never took` };
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
