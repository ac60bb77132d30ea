import { sum } from "../../units/kib.ts";
import { formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import type { MemoryView, ObservedDevice } from "../observed.ts";
import type { DimmPlan } from "../plan.ts";
import { formatChange } from "../text.ts";
import { guestBlockOf } from "./layout.ts";
import { hasUnalignedAddress, hasUnalignedSize, notOnlinedDimms } from "./not-onlined.ts";
import { isManaged } from "./slots.ts";

/** DIMMs that the guest never took, and what becomes of them. */
export interface Repair {
  /** Taken out for good. */
  removed: ObservedDevice[];
  /** Taken out, and plugged again at another address. */
  again: { device: ObservedDevice; dimm: DimmPlan }[];
}

/** «heal: take out dimm0 (a DIMM of 100 MiB in slot 0 at 0x100000000, not this provider's), which the guest never took, …» */
export function describeRepair(
  { removed, again }: Repair,
  { memory }: DesiredMemory,
  live: MemoryView,
): string {
  const left = live.memory - sum(removed.map(({ size }) => size));
  const out = removed.map(
    (device) => `take out ${identifyDimm(device)}, which ${whyNotOnlined(device, live)}`,
  );
  const foreign = removed.filter((device) => !hasUnalignedAddress(device, live));
  const since =
    foreign.length === 0
      ? ""
      : `${formatSize(memory)} can't be had with ${foreign.map(({ alias }) => alias).join(", ")}: `;
  const leaves = removed.length === 0 ? [] : [`${since}${formatChange(live.memory, left)}`];
  const anew = again.map(({ device, dimm }) => {
    const where = dimm.base === undefined ? "" : ` at ${dimm.base}`;
    return `plug ${identifyDimm(device)}, which ${whyNotOnlined(device, live)}, again${where}`;
  });
  return `heal: ${[...out, ...leaves, ...anew].join("; ")}`;
}

/** Each DIMM that the guest refused, in a sentence of its own, for what leaves them as they are. */
export function describeNotOnlined({ heal }: DesiredMemory, live: MemoryView): string[] {
  return notOnlinedDimms(live).map((device) => {
    const why = !heal && hasUnalignedAddress(device, live) ? "; it stays so, as hotplug.heal is false" : "";
    return `${identifyDimm(device)}: ${whyNotOnlined(device, live, " it")}${why}`;
  });
}

function identifyDimm({ alias = "a DIMM", size, slot, base, ...device }: ObservedDevice): string {
  const whose = isManaged({ alias, size, ...device }) ? "" : ", not this provider's";
  const place = `${slot === undefined ? "" : ` in slot ${slot}`}${base === undefined ? "" : ` at ${base}`}`;
  return `${alias} (a DIMM of ${formatSize(size)}${place}${whose})`;
}

function whyNotOnlined(device: ObservedDevice, live: MemoryView, it = ""): string {
  const block = formatSize(guestBlockOf(live).size);
  const what = hasUnalignedSize(device, live) ? "size" : "address";
  return notOnlinedDimms(live).includes(device)
    ? `the guest never took${it}, since its ${what} is no multiple of the guest's memory block of ${block}`
    : `the guest never took${it} (its kernel log says why)`;
}
