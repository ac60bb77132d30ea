import type { Inputs } from "../args/inputs.ts";
import { differencesFrom } from "../domain/difference.ts";
import { readDomain } from "../domain/read.ts";
import type { DomainSpec } from "../domain/spec.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Observation } from "../observe/observe.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import { formatSize, readCanonicalSize } from "../units/size.ts";
import { someOf } from "./unfinished-create.ts";

/** An unfinished domain may have been started with the balloon target of an earlier program. */
export async function setBalloon(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { currentMemory, virtioMem }: DomainSpec,
): Promise<void> {
  if (virtioMem !== undefined || (await isOff(hypervisor, domain))) return;
  const live = readDomain(await hypervisor.xml(domain, { inactive: false }));
  const target = Math.min(currentMemory ?? live.memory, live.memory);
  if (live.currentMemory !== target) await hypervisor.setMemory(domain, target, { live: true });
}

export interface RunningOtherwise {
  text: string;
  /** What the running domain has of the arguments that only a replacement changes, for the state. */
  inputs: Partial<Inputs>;
}

/**
 * An interrupted create may have started the domain with what an earlier program set. Its definition is the new one now, but
 * only an update that was previewed may change or stop what runs. Undefined where the domain is what the create makes.
 */
export async function runningOtherwise(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { name, running = true, memory }: Inputs,
  wanted: string,
  { observed, definition }: Observation,
): Promise<RunningOtherwise | undefined> {
  if (observed.live === undefined) return undefined;
  const xml = await hypervisor.xml(domain, { inactive: false, secure: true });
  const differences = differencesFrom(wanted, xml, true);
  if (running && differences.length === 0) return undefined;
  const live = readDomain(xml);
  const [has, wants] = [formatSize(observed.live.memory), formatSize(readCanonicalSize(memory))];
  const what = [
    ...(running ? [] : ["although running is false"]),
    ...(has === wants ? [] : [`with ${has} instead of ${wants}`]),
    ...(differences.length === 0 ? [] : [`with other values of ${someOf(differences)}`]),
  ];
  const text = `domain ${name} was started by an interrupted create of an earlier program and still runs ${what.join(", ")}; its definition has the new values: preview and update again`;
  const inputs = {
    ...(live.arch !== definition.arch && { arch: live.arch }),
    ...(live.uefi !== definition.uefi && { firmware: live.uefi ? "uefi" : "bios" }),
  };
  return { text, inputs: inputs as Partial<Inputs> };
}
