import { sourceKey } from "../args/disk-source.ts";
import { keptUuid } from "../args/identity.ts";
import { readDisks } from "../domain/disks.ts";
import { readCards } from "../domain/interfaces.ts";
import { readDomainXml } from "../domain/parse.ts";
import type { SharedElement } from "../domain/tree.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Reason } from "../plan/plan.ts";
import { PROBE_NAME } from "./leftovers.ts";
import { unlessFailed } from "./unanswered.ts";

/** What a domain has that no other domain of its host may have. */
interface Claims {
  /** The files, block devices and volumes that it writes. */
  files: Set<string>;
  macs: Set<string>;
}

/**
 * What a definition gets that another domain of the host has already: a disk's file that the other one writes, or a MAC. QEMU's lock
 * protects a file only while both domains run, and no lock a MAC.
 *
 * @param from the present definition: what it has already isn't looked for
 */
export async function claimedByOthers(
  hypervisor: Hypervisor,
  xml: string,
  from: string,
  domain: Pick<DomainRef, "uuid">,
): Promise<Reason[]> {
  const [wanted, present] = [claimsOf(readDomainXml(xml)), claimsOf(readDomainXml(from))];
  const files = [...wanted.files].filter((file) => !present.files.has(file));
  const macs = [...wanted.macs].filter((mac) => !present.macs.has(mac));
  if (files.length + macs.length === 0) return [];
  const own = new Set([domain.uuid, keptUuid(domain.uuid)]);
  const domains = (await hypervisor.list()).filter(
    ({ uuid, name }) => !own.has(uuid) && !name.startsWith(PROBE_NAME),
  );
  const reasons: Reason[] = [];
  for (const other of domains) {
    // One that is deleted meanwhile has nothing.
    const definition = await unlessFailed(hypervisor.xml(other, { inactive: other.id === -1 }), undefined);
    if (definition === undefined) continue;
    const theirs = claimsOf(readDomainXml(definition));
    const hasFile = files.filter((file) => theirs.files.has(file));
    const hasMac = macs.filter((mac) => theirs.macs.has(mac));
    reasons.push(...hasFile.map((file) => writtenByOther(file, other)));
    reasons.push(...hasMac.map((mac) => macOfOther(mac, other)));
  }
  return reasons;
}

function claimsOf(domain: SharedElement): Claims {
  const written = readDisks(domain).filter(({ readOnly, isShared }) => !readOnly && isShared !== true);
  return {
    files: new Set(written.flatMap((disk) => sourceKey(disk) ?? [])),
    macs: new Set(readCards(domain).flatMap(({ mac }) => (mac === "" ? [] : [mac]))),
  };
}

function writtenByOther(file: string, { name }: DomainRef): Reason {
  return {
    code: "file-in-use",
    text: `"${file}" is a disk of domain ${name} already, which writes to it; detach it there first, or set readOnly in both`,
  };
}

function macOfOther(mac: string, { name }: DomainRef): Reason {
  return {
    code: "mac-in-use",
    text: `the MAC address ${mac} belongs to an interface of domain ${name} already; set another one, or leave mac out`,
  };
}
