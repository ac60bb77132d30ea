import { saySize } from "../args/size.ts";
import { dimmXml } from "../domain/device.ts";
import { setMemory } from "../domain/memory.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { observe, type Sighting } from "../observe/observe.ts";
import type { DimmPlan, MemoryDefinition, Step } from "../plan/plan.ts";
import { isOff, untilOff } from "./wait.ts";

/** What carrying out a step needs beside the step. */
export interface Workplace {
  hypervisor: Hypervisor;
  domain: DomainRef;
  /** Seconds that the guest gets to shut itself down. */
  shutdownTimeout: number;
  /** Changes the present inactive definition from what the arguments asked for before to what they ask for now. */
  redefinition: (present: string) => Promise<string>;
}

/**
 * Carries out one step and reads the domain back. Each step may be repeated: what is there already is left alone.
 *
 * @throws Error that says what was tried, with libvirt's error as its cause
 */
export async function carryOut(step: Step, place: Workplace): Promise<Sighting> {
  try {
    await act(step, place);
    return await observe(place.hypervisor, place.domain);
  } catch (cause) {
    throw new Error(`Unable to ${step.sentence} (domain ${place.domain.name}): ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function act(step: Step, place: Workplace): Promise<void> {
  const { hypervisor, domain } = place;
  switch (step.kind) {
    case "attach":
      return attach(step.dimm, place);
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
      return stop(place);
    case "replace":
      throw new Error("a replace is the engine's: it deletes and creates");
  }
}

async function attach(dimm: DimmPlan, { hypervisor, domain }: Workplace): Promise<void> {
  const there = await ourDimm(dimm, hypervisor, domain);
  if (there !== undefined && there.size !== dimm.size)
    throw new Error(
      `${dimm.alias} is there already, with ${saySize(there.size)} where ${saySize(dimm.size)} was wanted`,
    );
  if (there !== undefined) return;
  await hypervisor.attachDevice(domain, dimmXml(dimm), { live: true });
  if ((await ourDimm(dimm, hypervisor, domain)) === undefined)
    throw new Error(`libvirt reported success, and ${dimm.alias} is not in the running domain`);
}

async function ourDimm(dimm: DimmPlan, hypervisor: Hypervisor, domain: DomainRef) {
  const { observed } = await observe(hypervisor, domain);
  return observed.live?.devices.find((device) => device.alias === dimm.alias);
}

async function defineMemory(definition: MemoryDefinition, { hypervisor, domain }: Workplace): Promise<void> {
  const xml = await hypervisor.xml(domain, { inactive: true, secure: true });
  await hypervisor.define(
    setMemory(xml, {
      cells: definition.cells.map(({ memory }) => memory),
      total: definition.memory,
      currentMemory: definition.memory,
      maxMemory: definition.maxMemory ?? null,
      removeAliases: definition.removeAliases,
    }),
  );
}

async function redefine({ hypervisor, domain, redefinition }: Workplace): Promise<void> {
  const present = await hypervisor.xml(domain, { inactive: true, secure: true });
  await hypervisor.define(await redefinition(present));
}

async function stop({ hypervisor, domain, shutdownTimeout }: Workplace): Promise<void> {
  if (await isOff(hypervisor, domain)) return;
  await hypervisor.shutdown(domain);
  if (!(await untilOff(hypervisor, domain, shutdownTimeout * 1000)))
    throw new Error(
      `the guest did not shut down within ${shutdownTimeout} s (shutdownTimeout); it still runs`,
    );
}
