import { keptUuid } from "../args/identity.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";

/** The beginning of the names of domains that only keep a definition, or that try one. */
export const KEPT_NAME = "pulumi-libvirt-hotplug-kept-";
export const PROBE_NAME = "pulumi-libvirt-hotplug-probe-";

/** Domains of this provider's own on a host, which an earlier run may have left. */
interface Leftovers {
  /** All domains of the host. */
  readonly domains: readonly DomainRef[];
  /** The UUIDs of kept definitions; what this run keeps is added. */
  readonly kept: Set<string>;
  /** Probes that nobody has removed yet. */
  probes: DomainRef[];
  /** The run has named them. */
  areNamed?: true;
}

/** Read once for each connection, which is one for each host and run: a run knows what it leaves itself. */
const FOUND = new WeakMap<Hypervisor, Promise<Leftovers>>();

function leftoversOn(hypervisor: Hypervisor): Promise<Leftovers> {
  const known = FOUND.get(hypervisor);
  if (known !== undefined) return known;
  const found = list(hypervisor);
  FOUND.set(hypervisor, found);
  found.catch(() => FOUND.delete(hypervisor));
  return found;
}

/** The domains that the host had when they were first listed in a run. */
export async function firstList(hypervisor: Hypervisor): Promise<readonly DomainRef[]> {
  return (await leftoversOn(hypervisor)).domains;
}

async function list(hypervisor: Hypervisor): Promise<Leftovers> {
  const domains = await hypervisor.list();
  const kept = domains.filter(({ name }) => name.startsWith(KEPT_NAME)).map(({ uuid }) => uuid);
  const probes = domains.filter(({ name }) => name.startsWith(PROBE_NAME));
  return { domains, kept: new Set(kept), probes };
}

/** Whether the definition of the domain with this UUID is kept on the host. */
export async function isKept(hypervisor: Hypervisor, uuid: string): Promise<boolean> {
  return (await leftoversOn(hypervisor)).kept.has(keptUuid(uuid));
}

/** The names of the probes on the host, once in a run: they belong to no domain. */
export async function probesToName(hypervisor: Hypervisor): Promise<string[]> {
  const leftovers = await leftoversOn(hypervisor);
  if (leftovers.areNamed) return [];
  leftovers.areNamed = true;
  return leftovers.probes.map(({ name }) => name);
}

/** Notes whether the definition of a domain is kept: before it is made, and after it was removed. */
export async function noteKept(hypervisor: Hypervisor, uuid: string, present: boolean): Promise<void> {
  const { kept } = await leftoversOn(hypervisor);
  if (present) kept.add(keptUuid(uuid));
  else kept.delete(keptUuid(uuid));
}

/** The probes that earlier runs left: each is returned once, to whoever removes it. */
export async function takeProbes(hypervisor: Hypervisor): Promise<DomainRef[]> {
  const leftovers = await leftoversOn(hypervisor);
  const { probes } = leftovers;
  leftovers.probes = [];
  return probes;
}
