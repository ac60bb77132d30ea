import type { MemoryDevice } from "../../domain/state.ts";
import { formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { DimmRemoval } from "../plan.ts";
import { formatChange, formatList, headline, maximumNotes, transientNotes } from "../text.ts";
import { countDimms, describeSlots } from "./attach-text.ts";
import { freeSlots, slotCount } from "./slots.ts";

/** "live: 1259 → 1003 MiB, removes one 256 MiB DIMM from slot 0 (16 of 16 free), no restart" */
export function shrinkHeadline(
  desired: DesiredMemory,
  live: MemoryView,
  removed: MemoryDevice[],
  after: MemoryView,
): string {
  const change = formatChange(live.memory, desired.memory);
  const free = `${freeSlots(after).length} of ${slotCount(after)}`;
  const hasSlots = removed.every(({ slot }) => slot !== undefined);
  const from = hasSlots ? ` from ${describeSlots(removed)} (${free} free)` : ` (${free} slots free)`;
  return headline(
    "live",
    `${change}, removes ${countDimms(removed)}${from}, no restart`,
    `${change}, removes ${countDimms(removed)} (${free} slots free), no restart`,
    `${change}, removes ${removed.length === 1 ? "1 DIMM" : `${removed.length} DIMMs`}, no restart`,
  );
}

/** What the reader of a preview should know besides the DIMMs. */
export function shrinkNotes(desired: DesiredMemory, observed: Observed, live: MemoryView): string[] {
  return [
    "the guest must release the memory; if it refuses, the memory stays and the update fails",
    ...maximumNotes(desired, observed, live.maxMemory?.size ?? live.memory),
    ...transientNotes(observed),
  ];
}

/** "the 256 MiB DIMM from slot 0, node 0" */
export function describeRemoval({ size, slot, node, alias }: DimmRemoval): string {
  return slot === undefined
    ? `the ${formatSize(size)} DIMM ${alias} from node ${node}`
    : `the ${formatSize(size)} DIMM from slot ${slot}, node ${node}`;
}

/** "256 MiB in slot 0 and 1 GiB in slot 2" */
export function describeDevices(devices: MemoryDevice[]): string {
  if (devices.length === 0) return "no removable DIMM";
  return formatList(
    devices.map(
      ({ size, slot, alias }) => `${formatSize(size)} in ${slot === undefined ? alias : `slot ${slot}`}`,
    ),
  );
}
