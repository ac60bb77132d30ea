import { sourceKey } from "../args/disk-source.ts";
import type { Clock } from "../deadline.ts";
import { readDisks } from "../domain/disks.ts";
import { readCards } from "../domain/interfaces.ts";
import { readOwnership } from "../domain/metadata.ts";
import { readDomainXml } from "../domain/parse.ts";
import type { SharedElement } from "../domain/tree.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { firstList, PROBE_NAME } from "./leftovers.ts";
import { unlessFailed } from "./unanswered.ts";

/** What only one domain of a host may have. */
export interface Claims {
  disks: ClaimedDisk[];
  macs: ReadonlySet<string>;
}

export interface ClaimedDisk {
  /** The path of its file or block device, or its pool and volume. */
  key: string;
  isVolume: boolean;
  writes: boolean;
  /** `<shareable>`: another domain may write it. */
  isShared: boolean;
  /** The running domain has it. */
  isLive: boolean;
}

/** A domain of a host, with what its definition and, while it runs, its live XML have. */
export interface HostedDomain extends Claims {
  domain: DomainRef;
  /** The resource that manages it. */
  urn?: string | undefined;
}

/** @param isLive the XML is that of a running domain */
export function claimsOf(domain: SharedElement, isLive: boolean): Claims {
  const disks = readDisks(domain).flatMap((disk): ClaimedDisk[] => {
    const key = sourceKey(disk);
    const isVolume = disk.file === undefined && disk.block === undefined;
    return key === undefined
      ? []
      : [{ key, isVolume, writes: !disk.readOnly, isShared: disk.isShared === true, isLive }];
  });
  const macs = readCards(domain).flatMap(({ mac }) => (mac === "" ? [] : [mac]));
  return { disks, macs: new Set(macs) };
}

/**
 * Why the other domains are read: a preview reads them once in a run; an update reads them again, since somebody else may have
 * changed them meanwhile.
 */
export type Purpose = { kind: "preview" } | { kind: "work"; clock: Clock };

export const PREVIEW: Purpose = { kind: "preview" };

interface Snapshot {
  at: number;
  domains: Promise<HostedDomain[]>;
}

/** By connection, which is one for each host and run. */
const SNAPSHOTS: Record<Purpose["kind"], WeakMap<Hypervisor, Snapshot>> = {
  preview: new WeakMap(),
  work: new WeakMap(),
};

/** How long the updates of a run, which may be many, use the same reading. */
const FRESH_MS = 5_000;

/** All domains of the host except probes. */
export function hostedDomains(hypervisor: Hypervisor, purpose: Purpose): Promise<HostedDomain[]> {
  const snapshots = SNAPSHOTS[purpose.kind];
  const known = snapshots.get(hypervisor);
  const now = purpose.kind === "work" ? purpose.clock.now() : 0;
  if (known !== undefined && now - known.at < FRESH_MS) return known.domains;
  const domains = readAll(hypervisor, purpose);
  snapshots.set(hypervisor, { at: now, domains });
  domains.catch(() => snapshots.delete(hypervisor));
  return domains;
}

async function readAll(hypervisor: Hypervisor, { kind }: Purpose): Promise<HostedDomain[]> {
  const listed = kind === "preview" ? await firstList(hypervisor) : await hypervisor.list();
  const domains = listed.filter(({ name }) => !name.startsWith(PROBE_NAME));
  return Promise.all(domains.map((domain) => readHosted(hypervisor, domain)));
}

/** A domain that is deleted meanwhile has none. */
async function readHosted(hypervisor: Hypervisor, domain: DomainRef): Promise<HostedDomain> {
  const read = (inactive: boolean) => unlessFailed(hypervisor.xml(domain, { inactive }), undefined);
  const [inactive, live] = await Promise.all([read(true), domain.id === -1 ? undefined : read(false)]);
  const roots = [live, inactive].flatMap((xml) => (xml === undefined ? [] : [readDomainXml(xml)]));
  const claims = roots.map((root, index) => claimsOf(root, live !== undefined && index === 0));
  return {
    domain,
    urn: roots.map((root) => readOwnership(root)?.urn).find((urn) => urn !== undefined),
    disks: claims.flatMap(({ disks }) => disks),
    macs: new Set(claims.flatMap(({ macs }) => [...macs])),
  };
}
