import { sum } from "../../units/kib.ts";
import { formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import type { MemoryView, ObservedDevice } from "../observed.ts";
import { attachedDimms, type DimmPlan, detachedDimms, type Plan } from "../plan.ts";
import { formatChange, headline, withArticle } from "../text.ts";
import { guestBlockOf } from "./layout.ts";
import { hasUnalignedAddress, hasUnalignedSize, notOnlinedDimms } from "./not-onlined.ts";

/** DIMMs that the guest rejected, and what happens to them. */
export interface Repair {
  /** Removed for good. */
  removed: ObservedDevice[];
  /** Removed, and plugged again at another address. */
  again: { device: ObservedDevice; dimm: DimmPlan }[];
}

/** "live: 1103 → 1259 MiB, repairs 1 DIMM and adds 1, no restart" */
export function repairHeadline(
  { removed, again }: Repair,
  { memory }: DesiredMemory,
  live: MemoryView,
  rest: Plan,
): string {
  const [adds, removes] = [attachedDimms(rest.steps).length, detachedDimms(rest.steps).length];
  const count = removed.length + again.length;
  const then = adds > 0 ? ` and adds ${adds}` : removes > 0 ? ` and removes ${removes}` : "";
  const repairs = `repairs ${count} DIMM${count === 1 ? "" : "s"}${then || " that the guest rejected"}`;
  const change = live.memory === memory ? "" : `${formatChange(live.memory, memory)}, `;
  return headline("live", `${change}${repairs}, no restart`);
}

/** What is removed, what is plugged again, and why. */
export function describeRepair(
  { removed, again }: Repair,
  { memory }: DesiredMemory,
  live: MemoryView,
): string[] {
  const left = live.memory - sum(removed.map(({ size }) => size));
  const unwanted = removed.filter((device) => !hasUnalignedAddress(device, live));
  const because =
    unwanted.length === 0
      ? ""
      : `: ${formatSize(memory)} can't be reached with ${unwanted.map(({ alias }) => alias).join(", ")}`;
  return [
    ...removed.map(
      (device) => `remove ${identifyDimm(device)}, which the guest rejected: ${whyNotOnlined(device, live)}`,
    ),
    ...(removed.length === 0 ? [] : [`first ${formatChange(live.memory, left)}${because}`]),
    ...again.map(({ device, dimm }) => {
      const where = dimm.base === undefined ? "" : ` at ${dimm.base}`;
      return `re-plug ${identifyDimm(device)}${where}, which the guest rejected: ${whyNotOnlined(device, live)}`;
    }),
  ];
}

/** A line for each DIMM that the guest rejected and that stays. */
export function describeNotOnlined({ heal }: DesiredMemory, live: MemoryView): string[] {
  return notOnlinedDimms(live).map((device) => {
    const stays = !heal && hasUnalignedAddress(device, live) ? "; hotplug.heal is false, so it stays" : "";
    return `the guest rejected ${identifyDimm(device)}: ${whyNotOnlined(device, live)}${stays}`;
  });
}

/** "dimm0 (a 100 MiB DIMM in slot 0 at 0x100000000, not managed by this provider)" */
function identifyDimm({ alias = "a DIMM", size, slot, base, ...device }: ObservedDevice): string {
  const whose = isManaged({ alias, size, ...device }) ? "" : ", not managed by this provider";
  const place = `${slot === undefined ? "" : ` in slot ${slot}`}${base === undefined ? "" : ` at ${base}`}`;
  return `${alias} (${withArticle(`${formatSize(size)} DIMM`)}${place}${whose})`;
}

function whyNotOnlined(device: ObservedDevice, live: MemoryView): string {
  if (!notOnlinedDimms(live).includes(device)) return "see its kernel log";
  const what = hasUnalignedSize(device, live) ? "size" : "address";
  return `its ${what} is not a multiple of the guest's memory block of ${formatSize(guestBlockOf(live).size)}`;
}
