import { isDeepStrictEqual } from "node:util";
import { addressWaits, reportsAddresses } from "../args/addresses.ts";
import { sizedImages } from "../args/disk-images.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { defined } from "../defined.ts";
import { graphicsPassword } from "../domain/graphics.ts";
import { type CpuTopology, vcpusOf } from "../domain/state.ts";
import { type AddressRecord, recordedAddresses } from "../guest/address-record.ts";
import { withGuest } from "../observe/guest.ts";
import { withImages } from "../observe/images.ts";
import { type Observation, observe } from "../observe/observe.ts";
import { echoedInputs, type Outputs, outputs, STATE_VERSION } from "../outputs.ts";
import { balloonDrift } from "../plan/balloon.ts";
import { desiredMemory } from "../plan/desired.ts";
import { deviceDrift } from "../plan/device-list/device-drift.ts";
import { describeNotOnlined } from "../plan/dimms/repair-text.ts";
import { diskSizeDrift } from "../plan/disks/size-drift.ts";
import {
  isSameDimm,
  type Observed,
  type ObservedDevice,
  withoutTaken,
  withRecordedTaken,
} from "../plan/observed.ts";
import { describePower, planPower } from "../plan/power.ts";
import { withoutPorts } from "../recorded-observation.ts";
import type { Session } from "../session.ts";
import { canonicalSize } from "../units/size.ts";
import { unreachedBalloonTarget } from "../update/actions/balloon.ts";
import { type AddressedDomain, presentAddresses } from "../update/find-addresses.ts";
import { currentDetaching } from "../update/removal.ts";
import { NOT_OWNED_WAY_OUT, notOwned } from "./ownership.ts";
import { plannerFor } from "./planner.ts";
import { refreshedGuest } from "./refreshed-guest.ts";
import { refreshedVcpus } from "./refreshed-vcpus.ts";
import { warnLeftovers } from "./warn-leftovers.ts";

export interface ReadResult {
  id: string;
  props: object;
  /**
   * Only where they may differ from those that the engine has: the next preview compares the program with them. Without them
   * the engine would take a program that goes back to the earlier arguments for unchanged.
   */
  inputs?: object;
}

/**
 * Reads a domain for refresh. Only a look-up that finds no domain means that it doesn't exist; other failures are errors. A
 * domain of that UUID that isn't the resource's leaves the state unchanged.
 */
export async function read(session: Session, id: string, state: Outputs): Promise<ReadResult> {
  const hypervisor = await session.hypervisor(state.uri);
  const domain = await hypervisor.findByUuid(id);
  if (domain === undefined) return { id: "", props: {} };
  // Only with its secrets a definition shows whether somebody else changed a password.
  const inputs = echoedInputs(state);
  const secure = inputs.graphics?.password !== undefined;
  const found = await observe(hypervisor, domain, { autostart: true, secure, running: domain.id !== -1 });
  const reason = notOwned(found.definition, state);
  if (reason !== undefined) {
    await session.log.message(state.__urn, "warning", redact(`${reason.text}; ${NOT_OWNED_WAY_OUT}`, state));
    return { id, props: state };
  }
  await warnLeftovers(session, hypervisor, { ...state, uuid: id });
  const seen = await withGuest(hypervisor, domain, found, session.clock);
  const known = withRecordedTaken(seen.observed, state.__observed);
  const observation = { ...seen, observed: withoutNewlyTaken(known, state.__observed) };
  const adopted = state.__adopted === true;
  await warnPower(session, inputs, observation);
  await warnNotOnlinedDimms(session, inputs, observation);
  const guest = await refreshedGuest({ session, hypervisor, domain, observation, state, inputs });
  // Answers of the guest that a cancelled run didn't wait for aren't recorded.
  session.signal.throwIfAborted();
  if (guest.message !== undefined) {
    const { severity, text } = guest.message;
    await session.log.message(inputs.__urn, severity, redact(text, inputs));
  }
  const guestVcpus = await refreshedVcpus({ session, hypervisor, domain, observation, state, inputs });
  session.signal.throwIfAborted();
  if (guestVcpus.message !== undefined) {
    const { severity, text } = guestVcpus.message;
    await session.log.message(inputs.__urn, severity, redact(text, inputs));
  }
  const addresses = await refreshedAddresses({ session, hypervisor, domain, observation, inputs }, state);
  session.signal.throwIfAborted();
  // A domain that runs although it shouldn't shows what its memory has become as well.
  const { running: _, ...asItRuns } = inputs;
  const plan = plannerFor(session, state, { before: inputs, news: asItRuns })(observation.observed);
  const isMemorySettled = plan.memory === undefined || plan.memory.outcome === "none";
  const areVcpusSettled = plan.vcpus === undefined || plan.vcpus.outcome === "none";
  const power = planPower(observation.observed, inputs);
  // An off domain shows as `running: false`; a pause has no argument that could show it.
  const isSettled =
    isMemorySettled &&
    areVcpusSettled &&
    (observation.observed.power !== "paused" || power.first.length === 0);
  const sizes = {
    ...(isMemorySettled ? {} : memoryDrift(inputs, observation, session)),
    ...(areVcpusSettled ? {} : vcpuDrift(inputs, observation)),
  };
  const devices = deviceDrift(inputs, observation.observed);
  for (const text of devices.notes) await session.log.message(inputs.__urn, "info", redact(text, inputs));
  const listed = { ...inputs, ...devices.inputs };
  const { images } = (await withImages(hypervisor, domain, observation, sizedImages(listed))).observed;
  const { disks, notes } = diskSizeDrift(listed, images);
  for (const text of notes) await session.log.message(inputs.__urn, "warning", redact(text, inputs));
  const others = {
    ...otherDrift(inputs, observation, adopted),
    ...devices.inputs,
    ...defined({ disks }),
  };
  const readBack = outputs(
    { ...inputs, ...others },
    {
      uri: state.uri,
      observation,
      defaults: session.defaults,
      adopted,
      pending: state.__observed.pending,
      told: unreachedBalloonTarget(state.__observed.told, observation.observed),
      guest: guest.record,
      guestVcpus: guestVcpus.record,
      vcpuRemoval: observation.observed.vcpuRemoval,
      detaching: currentDetaching(state.__detaching, domain.id, observation),
      addresses,
    },
  );
  const props = inFormatOf(state, readBack);
  const present = { ...inputs, ...sizes, ...others };
  // A program that asks for the sizes that were found is no change to check, but the domain has yet to follow.
  const unsettled = { ...present, __unsettled: true };
  if (Object.keys(sizes).length > 0) return { id, props: { ...props, __drift: sizes }, inputs: unsettled };
  if (!isSettled) return { id, props, inputs: unsettled };
  return Object.keys(others).length > 0 || differsFromEngine(state) || hasOtherRoom(state, readBack)
    ? { id, props, inputs: present }
    : { id, props };
}

/** Addresses move by themselves: a refresh records them, but nothing follows from a difference. */
async function refreshedAddresses(
  addressed: AddressedDomain,
  state: Outputs,
): Promise<AddressRecord | undefined> {
  if (!reportsAddresses(addressed.inputs)) return undefined;
  // An interrupted update has recorded none: the next one waits for them.
  const missing = addressWaits(addressed.inputs).map(({ mac }) => mac);
  const recorded = recordedAddresses(state) ?? { addresses: [], missing };
  return presentAddresses({ ...addressed, recorded });
}

/**
 * A refresh keeps the format of the state: one that an earlier version wrote shows no difference. Formats 1 and 2 have nothing of a
 * domain's vCPUs, slots and ports, until an update writes it.
 */
function inFormatOf({ __stateVersion }: Outputs, props: Outputs): Outputs {
  if (__stateVersion >= STATE_VERSION) return { ...props, __stateVersion };
  const { reachableVcpus: _, liveMemorySlots: __, ...rest } = props;
  const { live } = props.__observed;
  return {
    ...{ ...rest, __stateVersion },
    __observed: { ...props.__observed, ...(live && { live: withoutPorts(live) }) },
  };
}

/** The engine's inputs are those before an update that failed in part, or sizes that an earlier refresh found. */
function differsFromEngine({ __partial, __drift }: Outputs): boolean {
  return __partial === true || __drift !== undefined;
}

/** Whether something else is live than what the last run left: then the engine's inputs have a `headroom` that no longer holds. */
function hasOtherRoom(state: Outputs, found: Outputs): boolean {
  const roomOf = ({ state, reachable, reachableVcpus, memoryDevices, liveMemorySlots }: Outputs) => [
    ...[state === "shutoff", reachable, reachableVcpus, liveMemorySlots],
    memoryDevices.map(({ model, slot }) => [model, slot]),
  ];
  return !isDeepStrictEqual(roomOf(state), roomOf(found));
}

/**
 * A guest agent that started after the last change reports that the guest onlined its DIMMs, as expected, which a
 * refresh doesn't show as a difference. What the guest rejected is one.
 */
function withoutNewlyTaken(seen: Observed, recorded: Observed): Observed {
  const isKnown = (device: ObservedDevice) =>
    recorded.live?.devices.some((one) => isSameDimm(one, device) && one.taken === undefined) === true;
  return withoutTaken(seen, (device) => device.taken === true && isKnown(device));
}

/** Warns of a guest that doesn't run although its domain does, and of a saved state. */
async function warnPower(session: Session, inputs: Inputs, { observed }: Observation): Promise<void> {
  for (const text of describePower(observed, inputs))
    await session.log.message(inputs.__urn, "warning", redact(text, inputs));
}

/** Warns of DIMMs that the guest rejected, although libvirt lists them. */
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
 * The observed sizes of a domain that doesn't have the desired memory. They don't replace the desired ones in the outputs, so
 * that the next refresh finds the same drift.
 */
function memoryDrift(inputs: Inputs, { observed }: Observation, { defaults }: Session): Partial<Inputs> {
  const desired = desiredMemory(inputs, defaults);
  const { nextBoot } = observed;
  const view = observed.live ?? nextBoot;
  if (desired === undefined || view === undefined) return {};
  const { memory, maxMemory, slots } = desired;
  const isPending = view.memory === memory && nextBoot !== undefined;
  const present = isPending ? nextBoot.memory : view.memory;
  const ceiling = nextBoot?.maxMemory;
  const balloon = balloonDrift(desired, observed);
  return defined({
    memory: present === memory ? undefined : canonicalSize(present),
    maxMemory: ceiling === undefined || ceiling.size === maxMemory ? undefined : canonicalSize(ceiling.size),
    memorySlots: ceiling?.slots === slots ? undefined : ceiling?.slots,
    currentMemory: balloon === undefined ? undefined : canonicalSize(balloon),
  });
}

/** The graphics with the password of the definition, where that isn't the program's. Graphics that are gone show nothing. */
function foundGraphics({ graphics }: Inputs, { secureXml }: Observation): Inputs["graphics"] {
  if (graphics === undefined || graphics.password === undefined || secureXml === undefined) return undefined;
  const found = graphicsPassword(secureXml, graphics.type);
  if (found === graphics.password || found === undefined) return undefined;
  return { ...graphics, password: found };
}

/** The observed values of the other arguments that changed. */
function otherDrift(inputs: Inputs, observation: Observation, adopted: boolean): Partial<Inputs> {
  const { observed, autostart } = observation;
  const off = observed.power === "off";
  const named = inputs.autostart ?? (adopted && autostart);
  return defined({
    running: off === (inputs.running === false) ? undefined : !off,
    autostart: observed.persistent && autostart !== named ? autostart : undefined,
    graphics: foundGraphics(inputs, observation),
  });
}

/** The observed numbers of a domain that doesn't have the desired vCPUs: of the running domain, else of the next boot. */
function vcpuDrift(inputs: Inputs, { observed }: Observation): Partial<Inputs> {
  const { live, nextBoot } = observed;
  const { vcpus = 1, maxVcpus, cpuTopology } = inputs;
  const views = [live, nextBoot].flatMap((view) => (view === undefined ? [] : [view]));
  const numbers = views.map(vcpusOf);
  const maximum = nextBoot?.vcpus;
  return defined({
    vcpus: numbers.find((number) => number !== vcpus),
    maxVcpus: maxVcpus === undefined || maximum === maxVcpus ? undefined : maximum,
    cpuTopology: cpuTopology && foundTopology(cpuTopology, nextBoot?.topology),
  });
}

/** The topology of the definition, where that isn't the program's; without the parts that are 1 and that the program doesn't name. */
function foundTopology(
  wanted: NonNullable<Inputs["cpuTopology"]>,
  found: CpuTopology | undefined,
): Inputs["cpuTopology"] {
  if (found === undefined) return undefined;
  const whole = { dies: 1, threads: 1, ...wanted };
  const isSame = (["sockets", "dies", "cores", "threads"] as const).every(
    (part) => whole[part] === found[part],
  );
  const { dies, threads, ...rest } = found;
  const named = {
    ...rest,
    ...defined({ dies: partOf(dies, wanted.dies), threads: partOf(threads, wanted.threads) }),
  };
  return isSame ? undefined : named;
}

function partOf(found: number, wanted: number | undefined): number | undefined {
  return found === 1 && wanted === undefined ? undefined : found;
}
