import { atDisk, atInterface } from "../args/device-paths.ts";
import type { Inputs } from "../args/inputs.ts";
import { attribute, children, find, type SharedElement } from "../domain/tree.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import type { PoolRef } from "../libvirt/storage.ts";
import { unlessFailed } from "./unanswered.ts";

/**
 * The networks, bridges and volumes that a definition names and the host doesn't have. A plain file isn't looked up: libvirt
 * knows only files that are volumes of a pool, and of those only what the pool's last refresh found.
 *
 * @param toMake disk images that are made before they are needed, by their keys
 */
export async function missingSources(
  hypervisor: Hypervisor,
  domain: SharedElement,
  news: Partial<Inputs>,
  toMake: readonly string[],
): Promise<string[]> {
  const disks = children(find(domain, "devices"), "disk");
  const found = await Promise.all([
    missingConnections(hypervisor, domain, news),
    ...disks.map((disk) => missingVolume(hypervisor, disk, news, toMake)),
  ]);
  return unique(found.flat());
}

/** The networks and bridges among them. */
export async function missingConnections(
  hypervisor: Hypervisor,
  domain: SharedElement,
  news: Partial<Inputs>,
): Promise<string[]> {
  const devices = find(domain, "devices");
  const names = (kind: string) =>
    children(devices, "interface").flatMap((card) => attribute(find(card, "source"), kind) ?? []);
  const found = await Promise.all([
    ...unique(names("network")).map((name) => missingNetwork(hypervisor, name, news)),
    ...unique(names("bridge")).map((name) => missingBridge(hypervisor, name, news)),
  ]);
  return found.flat();
}

function unique(names: string[]): string[] {
  return [...new Set(names)];
}

async function missingNetwork(
  hypervisor: Hypervisor,
  name: string,
  news: Partial<Inputs>,
): Promise<string[]> {
  const state = await unlessFailed(hypervisor.networkState(name), "active");
  const what = `${atInterface(news, "network", name)}network "${name}"`;
  if (state === "missing")
    return [`${what} doesn't exist on ${hypervisor.uri}; create it first, or name another one`];
  // A domain that isn't started doesn't need it yet.
  if (state === "active" || news.running === false) return [];
  return [`${what} isn't active on ${hypervisor.uri}; start it: virsh net-start ${name}`];
}

/**
 * Some builds of libvirt list only interfaces with a configuration file (netcf), and none that libvirt made itself. The node
 * devices cover all of them, the loopback included, as long as udev announces new ones to libvirt: a daemon in a container may
 * know only those that were there when it started. So a bridge counts as missing only where the node devices have the bridges of
 * all networks.
 */
async function missingBridge(hypervisor: Hypervisor, name: string, news: Partial<Inputs>): Promise<string[]> {
  if (await unlessFailed(hypervisor.hasInterface(name), true)) return [];
  const devices = await unlessFailed(hypervisor.nodeDevices("net"), []);
  const isListed = (one: string) => devices.some((device) => device.startsWith(nodeDevicePrefix(one)));
  if (!isListed("lo") || isListed(name)) return [];
  const bridges = await unlessFailed(hypervisor.networkBridges(), [name]);
  if (!bridges.every(isListed)) return [];
  return [
    `${atInterface(news, "bridge", name)}bridge "${name}" doesn't exist on ${hypervisor.uri}; create it first, or name another one`,
  ];
}

/** libvirt's name of an interface as a node device: net_<name>_<MAC>, with _ for everything that isn't alphanumeric. */
function nodeDevicePrefix(name: string): string {
  return `net_${name.replace(/[^A-Za-z0-9]/g, "_")}_`;
}

async function missingVolume(
  hypervisor: Hypervisor,
  disk: SharedElement,
  news: Partial<Inputs>,
  toMake: readonly string[],
): Promise<string[]> {
  const source = find(disk, "source");
  const [pool, volume] = [attribute(source, "pool"), attribute(source, "volume")];
  if (attribute(disk, "type") !== "volume" || pool === undefined || volume === undefined) return [];
  const { uri } = hypervisor;
  const at = atDisk(news, `${pool}/${volume}`);
  const found = await unlessFailed<PoolRef | "unknown" | undefined>(hypervisor.findPool(pool), "unknown");
  if (found === "unknown") return [];
  if (found === undefined)
    return [
      `${at.replace(".volume", ".pool")}storage pool "${pool}" doesn't exist on ${uri}; create it first, or name another one`,
    ];
  if (toMake.includes(`${pool}/${volume}`)) return [];
  const isThere = hypervisor.findVolume(found, volume).then((one) => one !== undefined);
  if (await unlessFailed(isThere, true)) return [];
  return [
    `${at}volume "${volume}" doesn't exist in storage pool "${pool}" on ${uri}; create it first, or name another one`,
  ];
}
