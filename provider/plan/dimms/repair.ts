import { defined } from "../../defined.ts";
import { sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import { unevenness } from "../numa/spread.ts";
import type { MemoryView, Observed, ObservedDevice } from "../observed.ts";
import { combine, isMoreDisruptive, type Plan, type Step } from "../plan.ts";
import { describeDimm } from "./attach-text.ts";
import { describeRemoval } from "./detach-text.ts";
import { alignedBases, dimmUnit } from "./layout.ts";
import { hasUnalignedAddress, hasUnalignedSize, isNotTaken, notOnlinedDimms } from "./not-onlined.ts";
import { toRemoval, withoutDevices } from "./removable.ts";
import { describeNotOnlined, describeRepair, type Repair, repairHeadline } from "./repair-text.ts";

/**
 * Plans a change of a running domain, and repairs DIMMs that the guest rejected because they are not aligned to its
 * memory blocks. Our own are plugged again: of the same size, in the same slot and node. DIMMs not managed by this
 * provider, and those of a size that fits at no address, stay, unless the desired size can be reached only without
 * them. DIMMs that the guest onlined, or may have onlined, stay.
 *
 * If this run is killed in between, the next one plugs what was removed, like any increase.
 *
 * @param plan plans the change from a running domain like this one
 */
export function withRepair(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  plan: (live: MemoryView) => Plan,
): Plan {
  const unrepaired = plan(live);
  if (!mayRepair(desired)) return withNotOnlined(unrepaired, desired, live);
  const rejected = live.devices.filter((device) => hasUnalignedAddress(device, live));
  // Ours are plugged again all or none: a next run plugs them like any increase, for which the slots may not suffice where one
  // is larger than a DIMM may be now.
  const choices = removableMisfits(desired, live, observed.nextBoot).flatMap((misfits) =>
    rejected.length === 0
      ? [{ misfits, ours: [] }]
      : [
          { misfits, ours: rejected },
          { misfits, ours: [] },
        ],
  );
  for (const { misfits, ours } of choices) {
    if (misfits.length > 0 && reaches(unrepaired, desired, live)) break;
    const out = [...misfits, ...ours];
    if (out.length === 0 && rejected.length > 0) continue;
    const left = withoutDevices(out, observed, live).live;
    const rest = out.length === 0 ? unrepaired : plan(left);
    if (!reaches(rest, desired, left)) continue;
    if (out.length === 0) return unrepaired;
    const repair = replugged(misfits, ours, left);
    const after = afterRepair(repair, left);
    const restAfter = canReplug(ours, desired, live, after) && plan(after);
    if (restAfter && reaches(restAfter, desired, after)) return combined(repair, desired, live, restAfter);
    return combined({ removed: out, again: [] }, desired, live, rest);
  }
  return withNotOnlined(unrepaired, desired, live);
}

/** A repair plugs DIMMs at once, which the program must allow. */
function mayRepair({ heal, enabled, applyOn, device }: DesiredMemory): boolean {
  return heal && enabled && applyOn === "now" && device === "dimm";
}

/** What may be removed for good, from the fewest to the most. */
function removableMisfits(
  desired: DesiredMemory,
  live: MemoryView,
  nextBoot: MemoryView | undefined,
): ObservedDevice[][] {
  // A spread definition is computed from the running domain, which therefore keeps devices that are in both.
  const stays = (device: ObservedDevice) => desired.target === "spread" && isDefinedToo(device, nextBoot);
  const odd = notOnlinedDimms(live).filter((device) => hasUnalignedSize(device, live) && !stays(device));
  const theirs = live.devices.filter((device) => isNotTaken(device) && !isManaged(device) && !stays(device));
  return [[], odd, [...new Set([...odd, ...theirs])]];
}

/** By size and slot: aliases that libvirt chose are not in the definition. */
function isDefinedToo({ model, size, slot }: ObservedDevice, nextBoot: MemoryView | undefined): boolean {
  const isSame = (one: ObservedDevice) =>
    one.model === model && one.size === size && (one.slot === undefined || one.slot === slot);
  return nextBoot?.devices.some(isSame) === true;
}

/**
 * A decrease first removes what the guest rejected. Otherwise DIMMs are re-plugged unchanged, provided that a run that
 * is killed before the last one leaves a domain that the next run can complete.
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
    const source = defined({ nodemask, pageSize });
    const hasSource = Object.keys(source).length > 0;
    const dimm = defined({ size, node, slot, alias, base, source: hasSource ? source : undefined });
    return { device, dimm };
  });
  return { removed, again };
}

/** The running domain after the repair. */
function afterRepair({ again }: Repair, left: MemoryView): MemoryView {
  const plugged = again.map(({ device, dimm }): ObservedDevice => {
    const { base: _, taken: __, ...same } = device;
    return { ...same, ...defined({ base: dimm.base }) };
  });
  return {
    ...left,
    memory: left.memory + sum(plugged.map(({ size }) => size)),
    devices: [...left.devices, ...plugged],
  };
}

/** The running domain gets the desired size, without a shutdown. */
function reaches({ outcome }: Plan, desired: DesiredMemory, live: MemoryView): boolean {
  return outcome === "live" || (desired.memory === live.memory && !isMoreDisruptive(outcome, "nextBoot"));
}

function combined(repair: Repair, desired: DesiredMemory, live: MemoryView, rest: Plan): Plan {
  const { removed, again } = repair;
  const detach = [...removed, ...again.map(({ device }) => device)].map((device): Step => {
    const dimm = toRemoval(device);
    const sentence = `remove ${describeRemoval(dimm)}, which the guest rejected`;
    return { kind: "detach", dimm, sentence };
  });
  const attach = again.map(
    ({ dimm }): Step => ({ kind: "attach", dimm, sentence: `attach ${describeDimm(dimm)}` }),
  );
  const own: Plan = {
    outcome: "live",
    headline: repairHeadline(repair, desired, live, rest),
    details: describeRepair(repair, desired, live),
    steps: [...detach, ...attach],
    reasons: [],
  };
  return combine([own, rest]);
}

/** The plan without a repair, with a detail for each DIMM that the guest rejected. */
function withNotOnlined(plan: Plan, desired: DesiredMemory, live: MemoryView): Plan {
  if (plan.outcome === "none") return plan;
  return { ...plan, details: [...plan.details, ...describeNotOnlined(desired, live)] };
}
