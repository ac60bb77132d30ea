import type { Inputs } from "./args/inputs.ts";
import type { Defaults } from "./args/settings.ts";
import { withWritten } from "./args/written-arguments.ts";
import { defined } from "./defined.ts";
import { planDeviceLists } from "./plan/device-list/device-lists.ts";
import { guestBlockOf } from "./plan/dimms/layout.ts";
import { type MemoryView, type Observed, pendingMemory, type VcpuRemoval } from "./plan/observed.ts";
import type { Kib } from "./units/kib.ts";

/** What is recorded of a domain, besides its arguments. */
export interface RecordedSource {
  observation: { observed: Observed };
  /** The stack's defaults, for the sizes that work live. */
  defaults: Defaults;
  /** The domain was not created by this provider. */
  adopted: boolean;
  /** The memory that a change of ours left for the next boot. */
  pending?: Kib | undefined;
  /** The balloon target that a change of ours set without waiting until it was reached. */
  told?: Kib | undefined;
  /** A removal of vCPUs that got no answer. */
  vcpuRemoval?: VcpuRemoval | undefined;
}

/** What the state keeps of an observation: what a later plan needs, besides what the arguments have. */
export function recordedObservation(
  inputs: Inputs,
  { observation, defaults, adopted, pending, told, vcpuRemoval }: RecordedSource,
): Observed {
  const { nextBoot } = observation.observed;
  const known = withWritten(inputs, inputs, nextBoot?.writtenArguments);
  const isSettled = hasListedDevices(inputs, observation.observed, defaults, adopted);
  const observed = withoutDevices(withoutRecorded(observation.observed, known !== inputs), isSettled);
  return defined({
    ...withoutGuestDetails(known.currentMemory === undefined ? withoutBalloon(observed) : observed),
    pending: pending === pendingMemory(observed) ? pending : undefined,
    told,
    vcpuRemoval,
  });
}

/**
 * Keeps a guest's report only if it matters for a plan. Otherwise a refresh that reaches an agent for the first time,
 * or finds the domain restarted, would show a difference for that reason only. The caller sets `pending`, `told` and
 * `vcpuRemoval`.
 */
function withoutGuestDetails(recorded: Observed): Observed {
  const { pending: _, told: __, vcpuRemoval: ___, images: ____, ...observed } = recorded;
  if (observed.live === undefined) return observed;
  const { guestBlock, domainId, ...live } = observed.live;
  const isOwnBlock = guestBlock !== undefined && guestBlock !== guestBlockOf(live).size;
  const isReported = isOwnBlock || live.devices.some(({ taken }) => taken !== undefined);
  const kept = {
    guestBlock: isOwnBlock ? guestBlock : undefined,
    domainId: isReported ? domainId : undefined,
  };
  return { ...observed, live: { ...live, ...defined(kept) } };
}

/** Only what the recorded arguments don't have is kept of the arguments that the domain has. */
function withoutRecorded({ live, nextBoot, ...rest }: Observed, isUnrecorded: boolean): Observed {
  return defined({
    ...rest,
    live: live && withoutArguments(live),
    nextBoot: nextBoot && (isUnrecorded ? nextBoot : withoutArguments(nextBoot)),
  });
}

function withoutArguments({ writtenArguments: _, ...view }: MemoryView): MemoryView {
  return view;
}

/**
 * The lists of the program say which disks and interfaces there are; a plan needs them only of a running domain that has others, and
 * the rest of the running domain.
 */
function withoutDevices({ live, nextBoot, saved, ...rest }: Observed, isSettled: boolean): Observed {
  return defined({
    ...rest,
    live: live && (isSettled ? withoutLists(live) : live),
    nextBoot: nextBoot && withoutPorts(withoutLists(nextBoot)),
    saved: saved && withoutPorts(withoutLists(saved)),
  });
}

/** Whether the running domain has the devices of the program's lists, as far as it can. */
function hasListedDevices(inputs: Inputs, observed: Observed, defaults: Defaults, adopted: boolean): boolean {
  const domain = { observed, isStopping: false };
  return planDeviceLists([], { before: inputs, inputs }, domain, defaults, adopted).parts.length === 0;
}

/** Without what plans of disks and interfaces need of a running domain. */
export function withoutPorts({
  freePorts: _,
  hasScsi: __,
  bootsKernel: ___,
  ...view
}: MemoryView): MemoryView {
  return view;
}

function withoutLists({ disks: _, cards: __, ...view }: MemoryView): MemoryView {
  return view;
}

/** A balloon that the program doesn't set may be moved by other tools, and makes no difference. */
function withoutBalloon({ live, nextBoot, ...rest }: Observed): Observed {
  return defined({
    ...rest,
    live: live && { ...live, currentMemory: live.memory },
    nextBoot: nextBoot && { ...nextBoot, currentMemory: nextBoot.memory },
  });
}
