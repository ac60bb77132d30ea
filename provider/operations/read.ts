import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import type { Defaults } from "../args/settings.ts";
import { currentRecord } from "../guest/record.ts";
import { observeWithGuest } from "../observe/guest.ts";
import type { Observation } from "../observe/observe.ts";
import { echoedInputs, type Outputs, outputs } from "../outputs.ts";
import { balloonDrift } from "../plan/balloon.ts";
import { type DesiredMemory, desiredMemory } from "../plan/desired.ts";
import { describeNotOnlined } from "../plan/dimms/repair-text.ts";
import {
  isSameDimm,
  type Observed,
  type ObservedDevice,
  withoutTaken,
  withRecordedTaken,
} from "../plan/observed.ts";
import { planMemory } from "../plan/plan-memory.ts";
import type { Session } from "../session.ts";
import type { Kib } from "../units/kib.ts";
import { canonicalSize } from "../units/size.ts";
import { unreachedBalloonTarget } from "../update/actions/balloon.ts";
import { currentDetaching } from "../update/actions/detach.ts";

export interface ReadResult {
  id: string;
  props: object;
  /** Given only where the domain differs from the arguments, so that the next preview shows the difference. */
  inputs?: object;
}

/** Reads a domain for refresh. Only «no such domain» means that it is gone; everything else is an error. */
export async function read(session: Session, id: string, state: Outputs): Promise<ReadResult> {
  const hypervisor = await session.hypervisor(state.uri);
  const domain = await hypervisor.findByUuid(id);
  if (domain === undefined) return { id: "", props: {} };
  const seen = await observeWithGuest(hypervisor, domain, session.clock);
  const known = withRecordedTaken(seen.observed, state.__observed);
  const observation = { ...seen, observed: withoutNewlyTaken(known, state.__observed) };
  const inputs = echoedInputs(state);
  const adopted = state.__adopted === true;
  await warnNotOnlinedDimms(session, inputs, observation);
  const drift = driftOf(inputs, observation, session.defaults, adopted);
  const { memory, others } = drift;
  const props = outputs(
    { ...inputs, ...others },
    {
      uri: state.uri,
      observation,
      defaults: session.defaults,
      adopted,
      pending: state.__observed.pending,
      told: unreachedBalloonTarget(state.__observed.told, observation.observed),
      guest: currentRecord(state.__guest, domain.id),
      detaching: currentDetaching(state.__detaching, domain.id, observation),
    },
  );
  const found = { ...inputs, ...memory, ...others };
  if (Object.keys(memory).length > 0) return { id, props: { ...props, __drift: memory }, inputs: found };
  return Object.keys(others).length > 0 ? { id, props, inputs: found } : { id, props };
}

/**
 * A guest whose agent came up after the last change took its DIMMs, as was hoped: no difference for a refresh to show, as
 * what it refused is.
 */
function withoutNewlyTaken(seen: Observed, recorded: Observed): Observed {
  const isKnown = (device: ObservedDevice) =>
    recorded.live?.devices.some((one) => isSameDimm(one, device) && one.taken === undefined) === true;
  return withoutTaken(seen, (device) => device.taken === true && isKnown(device));
}

/** DIMMs that the guest never took: that libvirt has them says nothing of it. */
async function warnNotOnlinedDimms(
  session: Session,
  inputs: Inputs,
  { observed }: Observation,
): Promise<void> {
  const desired = desiredMemory(inputs, session.defaults);
  if (desired === undefined || observed.live === undefined) return;
  for (const text of describeNotOnlined(desired, observed.live))
    await session.log.message(inputs.__urn, "warning", redact(text, inputs));
}

/**
 * The observed value of each argument that isn't settled. The sizes are apart: what was asked stays in the outputs, since
 * only against that is there a drift at the next refresh.
 */
function driftOf(
  inputs: Inputs,
  { observed, autostart }: Observation,
  defaults: Defaults,
  adopted: boolean,
): Record<"memory" | "others", Partial<Inputs>> {
  const { live, nextBoot } = observed;
  const view = live ?? nextBoot;
  const desired = desiredMemory(inputs, defaults);
  const off = observed.power === "off";
  const isSettled =
    desired === undefined || view === undefined || planMemory(desired, observed).outcome === "none";
  const drift: Partial<Inputs> = {};
  if (off !== (inputs.running === false)) drift.running = !off;
  if (observed.persistent && autostart !== (inputs.autostart ?? false)) drift.autostart = autostart;
  // XML of the program's own, and an adopted domain, decide where no argument says it.
  const vcpus = inputs.vcpus ?? (inputs.xml === undefined && !adopted ? 1 : nextBoot?.vcpus);
  if (nextBoot !== undefined && nextBoot.vcpus !== vcpus) drift.vcpus = nextBoot.vcpus;
  return { memory: isSettled ? {} : memoryDrift(desired, view.memory, observed), others: drift };
}

function memoryDrift(desired: DesiredMemory, present: Kib, observed: Observed): Partial<Inputs> {
  const { memory, maxMemory, slots } = desired;
  const { nextBoot } = observed;
  const drift: Partial<Inputs> = {};
  if (present !== memory) drift.memory = canonicalSize(present);
  else if (nextBoot !== undefined && nextBoot.memory !== memory)
    drift.memory = canonicalSize(nextBoot.memory);
  const ceiling = nextBoot?.maxMemory;
  if (ceiling !== undefined && ceiling.size !== maxMemory) drift.maxMemory = canonicalSize(ceiling.size);
  if (ceiling?.slots !== undefined && ceiling.slots !== slots) drift.memorySlots = ceiling.slots;
  const balloon = balloonDrift(desired, observed);
  if (balloon !== undefined) drift.currentMemory = canonicalSize(balloon);
  return drift;
}
