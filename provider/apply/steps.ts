import type { HookInput } from "../args/inputs.ts";
import { saySize } from "../args/size.ts";
import { dimmXml } from "../domain/device.ts";
import { setMemory } from "../domain/memory.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { observe, type Sighting } from "../observe/observe.ts";
import type { DimmPlan, MemoryDefinition, Step } from "../plan/plan.ts";
import { balloon } from "./balloon.ts";
import { detach, type RemovalPlace } from "./detach.ts";
import { rewritten, runHook } from "./hooks.ts";
import { resize } from "./resize.ts";
import { isOff, untilOff } from "./wait.ts";

/** What carrying out a step needs beside the step. */
export interface Workplace extends RemovalPlace {
  hypervisor: Hypervisor;
  domain: DomainRef;
  /** Seconds that the guest gets to shut itself down. */
  shutdownTimeout: number;
  /** Seconds that the guest's balloon gets; false: it isn't waited for. */
  balloonTimeout: number | false;
  /** As the user gave them; each runs around every attach. */
  hooks: { before?: HookInput; after?: HookInput };
  uri: string;
  /** Says what went wrong without failing. */
  warn: (text: string) => Promise<void>;
  /** Says how far a step is. */
  status: (text: string) => Promise<void>;
  /** Changes the present inactive definition from what the arguments asked for before to what they ask for now. */
  redefinition: (present: string) => Promise<string>;
}

/**
 * Carries out one step and reads the domain back. Each step may be repeated: what is there already is left alone.
 *
 * @param present the domain as it was read back last
 * @throws Error that says what was tried, with libvirt's error as its cause
 */
export async function carryOut(step: Step, place: Workplace, present: Sighting): Promise<Sighting> {
  try {
    if (step.kind === "attach") return await attach(step.dimm, place, present);
    if (step.kind === "resize") return await resize(step.device, place, present);
    if (step.kind === "detach") return await detach(step.dimm, place, present);
    if (step.kind === "balloon") return await balloon(step, place, present);
    await act(step, place);
    return await observe(place.hypervisor, place.domain);
  } catch (cause) {
    throw new Error(`Unable to ${step.sentence} (domain ${place.domain.name}): ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function act(
  step: Exclude<Step, { kind: "attach" | "detach" | "resize" | "balloon" }>,
  place: Workplace,
): Promise<void> {
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

async function attach(dimm: DimmPlan, place: Workplace, present: Sighting): Promise<Sighting> {
  const { hypervisor, domain, hooks, uri } = place;
  const there = ourDimm(dimm, present);
  if (there !== undefined && there.size !== dimm.size)
    throw new Error(
      `${dimm.alias} is there already, with ${saySize(there.size)} where ${saySize(dimm.size)} was wanted`,
    );
  if (there !== undefined) return present;
  const planned = dimmXml(dimm);
  const context = { domain, uri };
  const xml =
    hooks.before === undefined ? planned : rewritten(planned, await runHook(hooks.before, planned, context));
  await hypervisor.attachDevice(domain, xml, { live: true });
  const after = await observe(hypervisor, domain);
  if (ourDimm(dimm, after) === undefined)
    throw new Error(`libvirt reported success, and ${dimm.alias} is not in the running domain`);
  if (hooks.after !== undefined)
    await runHook(hooks.after, xml, context).catch((error: Error) =>
      place.warn(`${saySize(dimm.size)} is attached, and the hook hotplug.after failed: ${error.message}`),
    );
  return after;
}

function ourDimm(dimm: DimmPlan, { observed }: Sighting) {
  return observed.live?.devices.find((device) => device.alias === dimm.alias);
}

async function defineMemory(definition: MemoryDefinition, { hypervisor, domain }: Workplace): Promise<void> {
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

async function redefine({ hypervisor, domain, redefinition }: Workplace): Promise<void> {
  const present = await hypervisor.xml(domain, { inactive: true, secure: true });
  await hypervisor.define(await redefinition(present));
}

/** A guest that does not shut itself down keeps running, unless the user allowed its plug to be pulled. */
async function stop(force: boolean, { hypervisor, domain, shutdownTimeout }: Workplace): Promise<void> {
  if (await isOff(hypervisor, domain)) return;
  await hypervisor.shutdown(domain);
  if (await untilOff(hypervisor, domain, shutdownTimeout * 1000)) return;
  if (!force)
    throw new Error(
      `the guest did not shut down within ${shutdownTimeout} s (shutdownTimeout); it still runs, and forceOff: true would pull its plug`,
    );
  await hypervisor.destroy(domain);
}
