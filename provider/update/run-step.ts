import { Deadline } from "../deadline.ts";
import { setMemory } from "../domain/memory.ts";
import { type Observation, observe } from "../observe/observe.ts";
import { isOff, waitUntilOff } from "../observe/wait-for-domain.ts";
import type { MemoryDefinition, Step } from "../plan/plan.ts";
import { attach } from "./actions/attach.ts";
import { balloon } from "./actions/balloon.ts";
import { detach } from "./actions/detach.ts";
import { resize } from "./actions/resize.ts";
import type { StepContext } from "./step-context.ts";

/**
 * Carries out one step and reads the domain back. Each step may be repeated: what is there already is left alone.
 *
 * @param present the domain as it was read back last
 * @throws Error that says what was tried, with libvirt's error as its cause
 */
export async function runStep(step: Step, place: StepContext, present: Observation): Promise<Observation> {
  try {
    return (await act(step, place, present)) ?? (await observe(place.hypervisor, place.domain));
  } catch (cause) {
    throw new Error(`Unable to ${step.sentence} (domain ${place.domain.name}): ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** @returns the domain as it is then, where the step has read it back itself */
async function act(step: Step, place: StepContext, present: Observation): Promise<Observation | undefined> {
  switch (step.kind) {
    case "attach":
      return attach(step.dimm, place, present);
    case "detach":
      return detach(step.dimm, place, present);
    case "resize":
      return resize(step.device, place, present);
    case "balloon":
      return balloon(step, place, present);
    default:
      await change(step, place);
      return undefined;
  }
}

type MemoryStep = Extract<Step, { kind: "attach" | "detach" | "resize" | "balloon" }>;

async function change(step: Exclude<Step, MemoryStep>, place: StepContext): Promise<void> {
  const { hypervisor, domain } = place;
  switch (step.kind) {
    case "define":
      return defineMemory(step.definition, place);
    case "redefine":
      return redefine(place);
    case "autostart":
      return hypervisor.setAutostart(domain, step.on);
    case "start":
      if (await isOff(hypervisor, domain)) await hypervisor.start(domain);
      return;
    case "stop":
      return stop(step.force, place);
    case "replace":
      throw new Error("a replace is the engine's: it deletes and creates");
  }
}

async function defineMemory(
  definition: MemoryDefinition,
  { hypervisor, domain }: StepContext,
): Promise<void> {
  const xml = await hypervisor.xml(domain, { inactive: true, secure: true });
  await hypervisor.define(
    setMemory(xml, {
      cells: definition.cells.map(({ memory }) => memory),
      total: definition.memory,
      currentMemory: definition.currentMemory ?? definition.memory,
      maxMemory: definition.maxMemory ?? null,
      removeAliases: definition.removeAliases,
      virtioMem: definition.virtioMem ?? [],
    }),
  );
}

async function redefine({ hypervisor, domain, redefinition }: StepContext): Promise<void> {
  const present = await hypervisor.xml(domain, { inactive: true, secure: true });
  await hypervisor.define(await redefinition(present));
}

/** A guest that does not shut itself down keeps running, unless the user allowed its plug to be pulled. */
async function stop(
  force: boolean,
  { hypervisor, domain, shutdownTimeout, clock }: StepContext,
): Promise<void> {
  if (await isOff(hypervisor, domain)) return;
  await hypervisor.shutdown(domain);
  if (await waitUntilOff(hypervisor, domain, Deadline.inSeconds(shutdownTimeout, clock))) return;
  if (!force)
    throw new Error(
      `the guest did not shut down within ${shutdownTimeout} s (shutdownTimeout); it still runs, and forceOff: true would pull its plug`,
    );
  await hypervisor.destroy(domain);
}
