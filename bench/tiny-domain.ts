import { randomUUID } from "node:crypto";
import { dimmXml } from "../provider/domain/device.ts";
import type { DomainRef, Hypervisor } from "../provider/libvirt/hypervisor.ts";
import { dimmAlias } from "../provider/plan/dimms/slots.ts";
import { KIB_PER_MIB } from "../provider/units/kib.ts";

/** What a tiny domain grows by each time. */
export const GROWTH_MIB = 128;
/** What it starts with. */
export const BASE_MIB = 128;
/** One for each growth; 256 is QEMU's most. */
const SLOTS = 256;

/**
 * A domain with no kernel and no disk, about 40 MB of the host: nothing runs in it that would disturb the measuring.
 * `growths`: as often it has grown already, all of it in its base memory.
 */
export function tinyDomainXml({ name, uuid }: Pick<DomainRef, "name" | "uuid">, growths = 0): string {
  const memory = BASE_MIB + growths * GROWTH_MIB;
  return `<domain type='qemu'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>
  <maxMemory slots='${SLOTS}' unit='GiB'>64</maxMemory>
  <memory unit='MiB'>${memory}</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <cpu><numa><cell id='0' cpus='0' memory='${memory}' unit='MiB'/></numa></cpu>
</domain>`;
}

/** Defines tiny domains and starts them, paused. */
export function startTinyDomains(hypervisor: Hypervisor, names: readonly string[]): Promise<DomainRef[]> {
  return Promise.all(
    names.map(async (name) => {
      const domain = await hypervisor.define(tinyDomainXml({ name, uuid: randomUUID() }));
      return hypervisor.start(domain, { paused: true });
    }),
  );
}

/** As the others are: firmware that looks for a disk takes 1 % of a processor. */
export async function pauseDomain(hypervisor: Hypervisor, name: string): Promise<void> {
  const domain = await hypervisor.findByName(name);
  if (domain === undefined) throw new Error(`${name} is not there to be paused`);
  await hypervisor.suspend(domain);
}

/** The DIMM that a domain gets by its growth number `slot`, from 0. */
export function growthXml(slot: number): string {
  return dimmXml({ size: GROWTH_MIB * KIB_PER_MIB, node: 0, slot, alias: dimmAlias(slot) });
}
