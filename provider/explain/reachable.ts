import type { DesiredMemory } from "../plan/desired.ts";
import { reasonsAgainstAttach } from "../plan/dimms/attach-rules.ts";
import { reasonsAgainstAnyDetach, reasonsAgainstDetach } from "../plan/dimms/detach-rules.ts";
import { dimmUnit } from "../plan/dimms/layout.ts";
import { removableDimms } from "../plan/dimms/removable.ts";
import { downwardSizes, sizesWithUnplug } from "../plan/live-sizes/down.ts";
import { formatRanges } from "../plan/live-sizes/text.ts";
import { upwardSizes } from "../plan/live-sizes/up.ts";
import { targetNodes, unevenness } from "../plan/numa/spread.ts";
import type { MemoryView, Observed } from "../plan/observed.ts";
import { type Reachable, type Reason, toReason } from "../plan/plan.ts";
import { baseMemory, reasonsAgainstResize } from "../plan/virtio-mem/rules.ts";
import { sum } from "../units/kib.ts";

/** The sizes of memory that work without a restart, or why there are none. */
export interface ReachableMemory {
  up?: Reachable;
  reasons: Reason[];
  /** Ascending. */
  down: Reachable[];
  reasonsDown: Reason[];
}

const DOMAIN_OFF: Reason = {
  code: "domain-off",
  text: "the domain is off: another size only changes its definition",
};

const DEFINITION_IS_FULL: Reason = {
  code: "definition-beyond-max-memory",
  text: "the definition's other nodes and devices not managed by this provider leave no room below its maximum",
};

const NO_DIMMS: Reason = { code: "too-few-dimms", text: "the domain has no DIMM managed by this provider" };

export function reachableMemory(desired: DesiredMemory, observed: Observed): ReachableMemory {
  const { live } = observed;
  if (live === undefined) return { reasons: [DOMAIN_OFF], down: [], reasonsDown: [DOMAIN_OFF] };
  return { ...upwards(desired, observed, live), ...downwards(desired, observed, live) };
}

function upwards(desired: DesiredMemory, observed: Observed, live: MemoryView) {
  const up = upwardSizes(desired, observed);
  if (up !== undefined) return { up, reasons: [] };
  if (desired.device === "virtio-mem")
    return {
      reasons: reasonsOfVirtioMem(desired, live, {
        code: "beyond-virtio-mem-size",
        text: "the virtio-mem devices are at their maximum size",
      }),
    };
  const step = dimmUnit(desired, live).size * targetNodes(desired, live).length;
  const uneven = desired.target === "spread" ? unevenness(live) : 0;
  const reasons = reasonsAgainstAttach({ ...desired, memory: live.memory + (uneven || step) }, live);
  return { reasons: reasons.length > 0 ? reasons.map(toReason) : [DEFINITION_IS_FULL] };
}

function downwards(desired: DesiredMemory, observed: Observed, live: MemoryView) {
  const down = downwardSizes(desired, observed);
  if (down.length > 0) return { down, reasonsDown: [] };
  if (desired.device === "virtio-mem")
    return {
      down,
      reasonsDown: reasonsOfVirtioMem(desired, live, {
        code: "boot-memory",
        text: "the virtio-mem devices are empty, and boot memory can't be removed while the domain runs",
      }),
    };
  const dimms = targetNodes(desired, live).flatMap((node) => removableDimms(node, live));
  if (dimms.length === 0) return { down, reasonsDown: [NO_DIMMS] };
  const allowed = sizesWithUnplug(desired, observed);
  const reasons = [
    ...reasonsAgainstAnyDetach(desired, observed).map(toReason),
    ...(allowed.length > 0 ? [unplugNotAllowed(allowed)] : []),
  ];
  if (reasons.length > 0) return { down, reasonsDown: reasons };
  const memory = live.memory - sum(dimms.map(({ size }) => size));
  return {
    down,
    reasonsDown: reasonsAgainstDetach({ ...desired, memory }, observed, live).map(toReason),
  };
}

function unplugNotAllowed(sizes: Reachable[]): Reason {
  return {
    code: "unplug-not-allowed",
    text: `hotplug.allowUnplug is false (if true: ${formatRanges(sizes)})`,
  };
}

/** @param otherwise the reason where the devices could be resized */
function reasonsOfVirtioMem(desired: DesiredMemory, live: MemoryView, otherwise: Reason): Reason[] {
  const reasons = reasonsAgainstResize({ ...desired, memory: baseMemory(desired, live) }, live);
  return reasons.length > 0 ? reasons.map(toReason) : [otherwise];
}
