import { type Graphics, readGraphics } from "../domain/graphics.ts";
import { readDomainXml } from "../domain/parse.ts";
import type { DiskState } from "../domain/state.ts";
import { type AddressSearch, findAddresses } from "../guest/addresses.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Observation } from "../observe/observe.ts";
import type { Bytes } from "../units/bytes.ts";

/** What is asked about a domain's devices besides its definitions. */
export interface DeviceLook {
  /** The capacity of each disk that libvirt knows, by its target. */
  capacities: ReadonlyMap<string, Bytes>;
  addresses: AddressSearch;
  graphics: Graphics[];
}

export const NO_LOOK: DeviceLook = {
  capacities: new Map(),
  addresses: { addresses: [], failures: {} },
  graphics: [],
};

/** Asks for the capacity of the disks, the addresses of the guest, and the graphics without their password. */
export async function lookAtDevices(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { observed, agentConnected, definition }: Observation,
): Promise<DeviceLook> {
  const { live, nextBoot } = observed;
  const disks = (live ?? nextBoot)?.disks ?? definition.disks;
  const xml = await hypervisor.xml(domain, { inactive: live === undefined });
  const none = { addresses: [], failures: {} };
  const asksAgent = agentConnected && observed.power === "running";
  return {
    capacities: new Map((await Promise.all(disks.map((disk) => capacity(hypervisor, domain, disk)))).flat()),
    addresses: live?.cards ? await findAddresses(hypervisor, domain, { cards: live.cards, asksAgent }) : none,
    graphics: readGraphics(readDomainXml(xml)),
  };
}

/** libvirt doesn't know it of an empty drive, nor of a volume while the domain is off. */
async function capacity(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { target, file, block, pool }: DiskState,
): Promise<[target: string, capacity: Bytes][]> {
  if ([file, block, pool].every((source) => source === undefined)) return [];
  try {
    return [[target, (await hypervisor.blockInfo(domain, target)).capacity]];
  } catch (error) {
    if (error instanceof LibvirtError) return [];
    throw error;
  }
}
