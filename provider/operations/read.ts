import type { Inputs } from "../args/inputs.ts";
import { canonicalSize, readCanonicalSize } from "../args/size.ts";
import { observe, type Sighting } from "../observe/observe.ts";
import { echoedInputs, type Outputs, outputs } from "../outputs.ts";
import { askedMemory } from "../plan/asked.ts";
import { planMemory } from "../plan/memory.ts";
import type { Session } from "../session.ts";

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
  const sighting = await observe(hypervisor, domain);
  const inputs = echoedInputs(state);
  const drift = driftOf(inputs, sighting);
  const props = outputs(inputs, state.uri, sighting);
  return Object.keys(drift).length === 0 ? { id, props } : { id, props, inputs: { ...inputs, ...drift } };
}

/** The observed value of each argument that isn't settled. */
function driftOf(inputs: Inputs, { observed, autostart }: Sighting): Partial<Inputs> {
  const { live, nextBoot } = observed;
  const view = live ?? nextBoot;
  const asked = askedMemory(inputs);
  const off = observed.power === "off";
  const drift: Partial<Inputs> = {};
  if (asked !== undefined && view !== undefined && planMemory(asked, observed).outcome !== "none")
    Object.assign(drift, memoryDrift(inputs, view.memory, nextBoot?.memory, nextBoot?.maxMemory));
  if (off !== (inputs.running === false)) drift.running = !off;
  if (observed.persistent && autostart !== (inputs.autostart ?? false)) drift.autostart = autostart;
  if (nextBoot !== undefined && nextBoot.vcpus !== (inputs.vcpus ?? 1)) drift.vcpus = nextBoot.vcpus;
  return drift;
}

function memoryDrift(
  inputs: Inputs,
  present: number,
  nextBoot: number | undefined,
  ceiling: { size: number; slots?: number } | undefined,
): Partial<Inputs> {
  const asked = readCanonicalSize(inputs.memory);
  const drift: Partial<Inputs> = {};
  if (present !== asked) drift.memory = canonicalSize(present);
  else if (nextBoot !== undefined && nextBoot !== asked) drift.memory = canonicalSize(nextBoot);
  if (ceiling !== undefined && ceiling.size !== readCanonicalSize(inputs.maxMemory))
    drift.maxMemory = canonicalSize(ceiling.size);
  if (ceiling?.slots !== undefined && ceiling.slots !== inputs.memorySlots) drift.memorySlots = ceiling.slots;
  return drift;
}
