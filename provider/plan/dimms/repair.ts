import { sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { unevenness } from "../numa/spread.ts";
import type { MemoryView, Observed, ObservedDevice } from "../observed.ts";
import { isMoreDisruptive, type Outcome, type Plan, type Step } from "../plan.ts";
import { describeRemoval } from "./detach-text.ts";
import { alignedBases, describeDimm, dimmUnit } from "./layout.ts";
import { hasUnalignedAddress, hasUnalignedSize, isNotTaken, notOnlinedDimms } from "./not-onlined.ts";
import { toRemoval, withoutDevices } from "./removable.ts";
import { describeNotOnlined, describeRepair, type Repair } from "./repair-text.ts";
import { isManaged } from "./slots.ts";

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
export function withRepair(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  plan: (live: MemoryView) => Plan,
): Plan {
  const asItIs = plan(live);
  if (!mayRepair(desired)) return withNotOnlined(asItIs, desired, live);
  const ours = live.devices.filter((device) => hasUnalignedAddress(device, live));
  for (const misfits of removableMisfits(desired, live, observed.nextBoot)) {
    if (misfits.length > 0 && reaches(asItIs, desired, live)) break;
    const out = [...misfits, ...ours];
    const left = withoutDevices(out, observed, live).live;
    const rest = out.length === 0 ? asItIs : plan(left);
    if (!reaches(rest, desired, left)) continue;
    if (out.length === 0) return asItIs;
    const healing = replugged(misfits, ours, left);
    const after = afterRepair(healing, left);
    const restAfter = canReplug(ours, desired, live, after) && plan(after);
    if (restAfter && reaches(restAfter, desired, after)) return combined(healing, desired, live, restAfter);
    return combined({ removed: out, again: [] }, desired, live, rest);
  }
  return withNotOnlined(asItIs, desired, live);
}

/** Healing plugs, at once: where that isn't wanted it is no matter. */
function mayRepair({ heal, enabled, applyOn, device }: DesiredMemory): boolean {
  return heal && enabled && applyOn === "now" && device === "dimm";
}

/** What may be taken out for good, from the least to the most. */
function removableMisfits(
  desired: DesiredMemory,
  live: MemoryView,
  nextBoot: MemoryView | undefined,
): ObservedDevice[][] {
  // The fold of a spread goes by what runs, so it has to have what others put into both.
  const stays = (device: ObservedDevice) => desired.target === "spread" && isDefinedToo(device, nextBoot);
  const odd = notOnlinedDimms(live).filter((device) => hasUnalignedSize(device, live) && !stays(device));
  const theirs = live.devices.filter((device) => isNotTaken(device) && !isManaged(device) && !stays(device));
  return [[], odd, [...new Set([...odd, ...theirs])]];
}

/** Aliases of libvirt's own are not in the definition. */
function isDefinedToo({ model, size, slot }: ObservedDevice, nextBoot: MemoryView | undefined): boolean {
  const isSame = (one: ObservedDevice) =>
    one.model === model && one.size === size && (one.slot === undefined || one.slot === slot);
  return nextBoot?.devices.some(isSame) === true;
}

/**
 * Where less is asked, what the guest never had goes first. Else DIMMs come back as they were, where a run that is killed
 * before all of them are back leaves what the next one can fill up.
 */
function canReplug(
  ours: ObservedDevice[],
  desired: DesiredMemory,
  live: MemoryView,
  after: MemoryView,
): boolean {
  const unit = dimmUnit(desired, live).size;
  const isEven = desired.target !== "spread" || desired.memory > after.memory || unevenness(after) === 0;
  return desired.memory >= live.memory && isEven && ours.every(({ size }) => size % unit === 0);
}

function replugged(removed: ObservedDevice[], ours: ObservedDevice[], left: MemoryView): Repair {
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
function afterRepair({ again }: Repair, left: MemoryView): MemoryView {
  const plugged = again.map(({ device, dimm }): ObservedDevice => {
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
function reaches({ outcome }: Plan, desired: DesiredMemory, live: MemoryView): boolean {
  return outcome === "live" || (desired.memory === live.memory && !isMoreDisruptive(outcome, "nextBoot"));
}

function combined(healing: Repair, desired: DesiredMemory, live: MemoryView, rest: Plan): Plan {
  const { removed, again } = healing;
  const detach = [...removed, ...again.map(({ device }) => device)].map((device): Step => {
    const dimm = toRemoval(device);
    return { kind: "detach", dimm, sentence: `take ${describeRemoval(dimm)}, which the guest never took` };
  });
  const attach = again.map(
    ({ dimm }): Step => ({ kind: "attach", dimm, sentence: `attach ${describeDimm(dimm)}` }),
  );
  const outcome: Outcome = isMoreDisruptive(rest.outcome, "live") ? rest.outcome : "live";
  const headline = [describeRepair(healing, desired, live), rest.headline || "no restart"].join("; ");
  return { ...rest, outcome, headline, steps: [...detach, ...attach, ...rest.steps] };
}

/** The plan as it is without healing, with what there is to say of DIMMs that the guest never took. */
function withNotOnlined(plan: Plan, desired: DesiredMemory, live: MemoryView): Plan {
  if (plan.headline === "") return plan;
  return { ...plan, headline: [plan.headline, ...describeNotOnlined(desired, live)].join("; ") };
}
