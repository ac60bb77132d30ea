// Flags and enumerations of libvirt's API (libvirt-domain.h, libvirt-host.h).
import type { AddressTable, PowerState, Where } from "./hypervisor.ts";

/** virDomainXMLFlags. */
export const Xml = { SECURE: 1, INACTIVE: 2 } as const;
/** virDomainModificationImpact. */
const Affect = { LIVE: 1, CONFIG: 2 } as const;
/** virDomainCreateFlags. */
export const START_PAUSED = 1;
export const START_AUTODESTROY = 2;
/** virDomainJobType: bounded and unbounded. The others are ends of a job, or none. */
export const RUNNING_JOBS = [1, 2];
/** virDomainUndefineFlagsValues: MANAGED_SAVE, SNAPSHOTS_METADATA, NVRAM, CHECKPOINTS_METADATA; TPM since libvirt 8.9. */
export const UNDEFINE_ALL = 1 | 2 | 4 | 16;
export const UNDEFINE_TPM = 32;
export const UNDEFINE_KEEPS_NVRAM = 8;
export const UNDEFINE_KEEPS_TPM = 64;
export const UNDEFINE_TPM_SINCE = 8_009_000;
/** VIR_NODE_MEMORY_STATS_ALL_CELLS. */
export const ALL_CELLS = -1;
/** virDomainMemoryStatTags, and their number in libvirt 9.0 (VIR_DOMAIN_MEMORY_STAT_NR). */
export const MemoryStat = { AVAILABLE: 5, ACTUAL_BALLOON: 6, USABLE: 8, LAST_UPDATE: 9 } as const;
export const MEMORY_STATS = 13;
/** VIR_DOMAIN_METADATA_ELEMENT. */
export const METADATA_ELEMENT = 2;
/** virDomainState, in its order. */
export const POWER_STATES: PowerState[] = [
  "nostate",
  "running",
  "blocked",
  "paused",
  "shutdown",
  "shutoff",
  "crashed",
  "pmsuspended",
];

/** virConnectListAllNetworksFlags. */
export const LIST_ACTIVE_NETWORKS = 2;
/** virDomainInterfaceAddressesSource. */
export const ADDRESS_TABLES: Readonly<Record<AddressTable, number>> = { lease: 0, arp: 2 };

/** Flags 0 would mean VIR_DOMAIN_AFFECT_CURRENT, which depends on whether the domain runs; no caller wants that. */
export function affects({ live, config }: Where): number {
  const flags = (live ? Affect.LIVE : 0) | (config ? Affect.CONFIG : 0);
  if (flags === 0) throw new Error("specify live, config, or both");
  return flags;
}
