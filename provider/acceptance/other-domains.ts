import { atDisk, atInterface } from "../args/device-paths.ts";
import { keptUuid } from "../args/identity.ts";
import type { Inputs } from "../args/inputs.ts";
import { readDomainXml } from "../domain/parse.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Reason } from "../plan/plan.ts";
import {
  type ClaimedDisk,
  claimsOf,
  type HostedDomain,
  hostedDomains,
  type Purpose,
} from "./hosted-domains.ts";
import { unlessFailed } from "./unanswered.ts";

/**
 * What a definition gets although another domain of the host already has it: a disk's source that one of the two writes, or a MAC
 * address. QEMU's lock protects a file only while both domains run, and nothing protects a MAC address.
 *
 * A preview leaves out the domains of the same stack: what they have now may be another resource's by the time of the work.
 *
 * @param from the present definition: what it has already isn't looked for
 */
export async function claimedByOthers(
  hypervisor: Hypervisor,
  xml: string,
  from: string | undefined,
  { news, purpose }: { news: Partial<Inputs>; purpose: Purpose },
): Promise<Reason[]> {
  const present = from === undefined ? undefined : claimsOf(readDomainXml(from), false);
  const wanted = claimsOf(readDomainXml(xml), news.running !== false);
  const had = new Set(present?.disks.map(({ key }) => key));
  const disks = wanted.disks.filter(({ key }) => !had.has(key));
  const macs = [...wanted.macs].filter((mac) => present?.macs.has(mac) !== true);
  if (disks.length + macs.length === 0) return [];
  const { uuid = "", __urn: urn = "" } = news;
  const own = new Set([uuid, keptUuid(uuid)]);
  const all = await unlessFailed(hostedDomains(hypervisor, purpose), []);
  const others = all.filter(
    (other) => !own.has(other.domain.uuid) && !(purpose.kind === "preview" && isOfStack(urn, other.urn)),
  );
  const ofDisks = await Promise.all(disks.map((disk) => usersOf(hypervisor, disk, others)));
  return [
    ...ofDisks.flatMap((users, index) =>
      users.slice(0, 1).map((other) => sourceInUse(news, disks[index]?.key ?? "", other)),
    ),
    ...macs.flatMap((mac) =>
      others
        .filter((other) => other.macs.has(mac))
        .slice(0, 1)
        .map((other) => macInUse(news, mac, other)),
    ),
  ];
}

/** URNs are urn:pulumi:<stack>::<project>::<type>::<name>. */
function isOfStack(urn: string, other: string | undefined): boolean {
  const stack = (one: string) => one.split("::").slice(0, 2).join("::");
  return other !== undefined && stack(other) === stack(urn);
}

async function usersOf(
  hypervisor: Hypervisor,
  disk: ClaimedDisk,
  others: readonly HostedDomain[],
): Promise<User[]> {
  const isMixed = others.some(({ disks }) => disks.some(({ isVolume }) => isVolume !== disk.isVolume));
  const also = isMixed ? await unlessFailed(otherName(hypervisor, disk), undefined) : undefined;
  return others.flatMap(({ domain, disks }) => {
    const theirs = disks.find((one) => (one.key === disk.key || one.key === also) && isConflict(disk, one));
    return theirs === undefined ? [] : [{ domain, writes: theirs.writes }];
  });
}

/** A domain that has a disk, and whether it writes to it. */
interface User {
  domain: DomainRef;
  writes: boolean;
}

/**
 * QEMU allows a write to a disk only if every other domain that has it declares it as shared (7.2: also while others only read it). A
 * reader and a writer, one of which is off, may be intended: a template, and the domains that are made from it.
 */
function isConflict(ours: ClaimedDisk, theirs: ClaimedDisk): boolean {
  if (ours.writes && theirs.writes) return !(ours.isShared && theirs.isShared);
  const isLocked = (ours.writes && !theirs.isShared) || (theirs.writes && !ours.isShared);
  return isLocked && ours.isLive && theirs.isLive;
}

/** A volume by its path, or a path by the volume that it is, as far as libvirt knows. */
async function otherName(
  hypervisor: Hypervisor,
  { key, isVolume }: ClaimedDisk,
): Promise<string | undefined> {
  if (!isVolume) {
    const volume = await hypervisor.findVolumeByPath(key);
    return volume && `${volume.pool}/${volume.name}`;
  }
  const slash = key.indexOf("/");
  const pool = await hypervisor.findPool(key.slice(0, slash));
  return pool && (await hypervisor.findVolume(pool, key.slice(slash + 1)))?.key;
}

function sourceInUse(news: Partial<Inputs>, key: string, { domain: { name }, writes }: User): Reason {
  const text = writes
    ? `"${key}" is already a disk of domain ${name}, which writes to it; detach it there first, or set readOnly in both`
    : `"${key}" is a disk that the running domain ${name} reads, so no other domain can write to it; detach it there first, or set readOnly`;
  return { code: "file-in-use", text: `${atDisk(news, key)}${text}` };
}

function macInUse(news: Partial<Inputs>, mac: string, { domain: { name } }: HostedDomain): Reason {
  return {
    code: "mac-in-use",
    text: `${atInterface(news, "mac", mac)}the MAC address ${mac} already belongs to an interface of domain ${name}; set another one, or leave mac out`,
  };
}
