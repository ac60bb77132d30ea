import { QEMU_PROGRAM, REMOTE_PROGRAM } from "./packet.ts";
import {
  array,
  type Fields,
  int,
  optional,
  prose,
  type Struct,
  string,
  struct,
  u64,
  uint,
  uuid,
  type Xdr,
} from "./xdr.ts";

/** remote_nonnull_domain. */
export const domain = struct({ name: string, uuid, id: int });
const network = struct({ name: string, uuid });

/** remote_domain_get_job_info_ret: the type, and figures in the order of virDomainJobInfo. */
const jobInfo = {
  type: int,
  timeElapsed: u64,
  timeRemaining: u64,
  dataTotal: u64,
  dataProcessed: u64,
  dataRemaining: u64,
  memTotal: u64,
  memProcessed: u64,
  memRemaining: u64,
  fileTotal: u64,
  fileProcessed: u64,
  fileRemaining: u64,
};

/** The body of a reply with status ERROR (virNetMessageError). */
export const errorReply = struct({
  code: int,
  domain: int,
  message: optional(prose),
  level: int,
  dom: optional(domain),
  str1: optional(prose),
  str2: optional(prose),
  str3: optional(prose),
  int1: int,
  int2: int,
  net: optional(network),
});

/** The protocol's own limits: REMOTE_AUTH_TYPE_LIST_MAX, REMOTE_DOMAIN_LIST_MAX and so on. */
const AUTH_TYPES_MAX = 20;
const DOMAINS_MAX = 16384;
const NODE_MEMORY_STATS_MAX = 1024;
const DOMAIN_MEMORY_STATS_MAX = 1024;
const CELLS_MAX = 1024;
const DOMAIN_INTERFACES_MAX = 2048;
const IP_ADDRESSES_MAX = 2048;
const LEASES_MAX = 65536;
const NETWORKS_MAX = 16384;
export const NODE_DEVICES_MAX = 16384;

interface Traits {
  program: number;
  /** The daemon may take long (to start a QEMU, to probe its capabilities): the long deadline applies. */
  slow: boolean;
}

export interface Procedure<A, R> extends Traits {
  /** As in libvirt's remote_protocol.x, without REMOTE_PROC_ (qemu_protocol.x: QEMU_PROC_). */
  name: string;
  number: number;
  args: Xdr<A>;
  reply: Xdr<R>;
}

export function call<A extends Fields, R extends Fields>(
  number: number,
  name: string,
  args: A,
  reply: R,
  traits?: Partial<Traits>,
): Procedure<Struct<A>, Struct<R>> {
  return {
    number,
    name,
    args: struct(args),
    reply: struct(reply),
    program: REMOTE_PROGRAM,
    slow: false,
    ...traits,
  };
}

export const slow = { slow: true };
const ofQemu = { program: QEMU_PROGRAM, slow: true };

/** The calls in use, except those about storage (storage-procedures.ts). A new one is one line. */
export const procedures = {
  open: call(1, "CONNECT_OPEN", { name: optional(string), flags: uint }, {}),
  close: call(2, "CONNECT_CLOSE", {}, {}),
  agentCommand: call(
    3,
    "DOMAIN_AGENT_COMMAND",
    { domain, command: string, timeout: int, flags: uint },
    { result: optional(string) },
    ofQemu,
  ),
  capabilities: call(7, "CONNECT_GET_CAPABILITIES", {}, { capabilities: string }, slow),
  createXml: call(10, "DOMAIN_CREATE_XML", { xml: string, flags: uint }, { domain }, slow),
  xml: call(14, "DOMAIN_GET_XML_DESC", { domain, flags: uint }, { xml: string }, slow),
  autostart: call(15, "DOMAIN_GET_AUTOSTART", { domain }, { autostart: int }),
  lookupByName: call(23, "DOMAIN_LOOKUP_BY_NAME", { name: string }, { domain }),
  lookupByUuid: call(24, "DOMAIN_LOOKUP_BY_UUID", { uuid }, { domain }),
  resume: call(28, "DOMAIN_RESUME", { domain }, {}, slow),
  setAutostart: call(29, "DOMAIN_SET_AUTOSTART", { domain, autostart: int }, {}),
  suspend: call(34, "DOMAIN_SUSPEND", { domain }, {}, slow),
  networkBridge: call(45, "NETWORK_GET_BRIDGE_NAME", { network }, { bridge: string }),
  lookupNetwork: call(46, "NETWORK_LOOKUP_BY_NAME", { name: string }, { network }),
  supportsFeature: call(60, "CONNECT_SUPPORTS_FEATURE", { feature: int }, { supported: int }),
  authList: call(66, "AUTH_LIST", {}, { types: array(int, AUTH_TYPES_MAX) }),
  authPolkit: call(70, "AUTH_POLKIT", {}, { complete: int }),
  nodeDevices: call(
    112,
    "NODE_LIST_DEVICES",
    { capability: optional(string), maxNames: int, flags: uint },
    { names: array(string, NODE_DEVICES_MAX) },
  ),
  lookupInterface: call(
    128,
    "INTERFACE_LOOKUP_BY_NAME",
    { name: string },
    { interface: struct({ name: string, mac: string }) },
  ),
  toNative: call(
    136,
    "CONNECT_DOMAIN_XML_TO_NATIVE",
    { format: string, xml: string, flags: uint },
    { config: string },
    slow,
  ),
  isActive: call(150, "DOMAIN_IS_ACTIVE", { domain }, { active: int }),
  isNetworkActive: call(152, "NETWORK_IS_ACTIVE", { network }, { active: int }),
  isPersistent: call(151, "DOMAIN_IS_PERSISTENT", { domain }, { persistent: int }),
  libVersion: call(157, "CONNECT_GET_LIB_VERSION", {}, { version: u64 }),
  memoryStats: call(
    159,
    "DOMAIN_MEMORY_STATS",
    { domain, maxStats: uint, flags: uint },
    { stats: array(struct({ tag: int, value: u64 }), DOMAIN_MEMORY_STATS_MAX) },
  ),
  attachDevice: call(160, "DOMAIN_ATTACH_DEVICE_FLAGS", { domain, xml: string, flags: uint }, {}, slow),
  updateDevice: call(174, "DOMAIN_UPDATE_DEVICE_FLAGS", { domain, xml: string, flags: uint }, {}, slow),
  jobInfo: call(163, "DOMAIN_GET_JOB_INFO", { domain }, jobInfo),
  hasManagedSave: call(183, "DOMAIN_HAS_MANAGED_SAVE_IMAGE", { domain, flags: uint }, { result: int }),
  removeManagedSave: call(184, "DOMAIN_MANAGED_SAVE_REMOVE", { domain, flags: uint }, {}),
  create: call(196, "DOMAIN_CREATE_WITH_FLAGS", { domain, flags: uint }, { domain }, slow),
  setVcpus: call(199, "DOMAIN_SET_VCPUS_FLAGS", { domain, count: uint, flags: uint }, {}, slow),
  setMemory: call(204, "DOMAIN_SET_MEMORY_FLAGS", { domain, memory: u64, flags: uint }, {}, slow),
  state: call(212, "DOMAIN_GET_STATE", { domain, flags: uint }, { state: int, reason: int }),
  nodeMemoryStats: call(
    228,
    "NODE_GET_MEMORY_STATS",
    { nparams: int, cell: int, flags: uint },
    { stats: array(struct({ field: string, value: u64 }), NODE_MEMORY_STATS_MAX), nparams: int },
  ),
  undefine: call(231, "DOMAIN_UNDEFINE_FLAGS", { domain, flags: uint }, {}),
  destroy: call(234, "DOMAIN_DESTROY_FLAGS", { domain, flags: uint }, {}, slow),
  shutdown: call(258, "DOMAIN_SHUTDOWN_FLAGS", { domain, flags: uint }, {}, slow),
  setMetadata: call(
    264,
    "DOMAIN_SET_METADATA",
    {
      domain,
      type: int,
      metadata: optional(string),
      key: optional(string),
      uri: optional(string),
      flags: uint,
    },
    {},
  ),
  pmWakeup: call(267, "DOMAIN_PM_WAKEUP", { domain, flags: uint }, {}, slow),
  listDomains: call(
    273,
    "CONNECT_LIST_ALL_DOMAINS",
    { needResults: int, flags: uint },
    { domains: array(domain, DOMAINS_MAX), count: uint },
  ),
  listNetworks: call(
    283,
    "CONNECT_LIST_ALL_NETWORKS",
    { needResults: int, flags: uint },
    { networks: array(network, NETWORKS_MAX), count: uint },
  ),
  registerEvent: call(
    316,
    "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY",
    { eventId: int, domain: optional(domain) },
    { callbackId: int },
  ),
  deregisterEvent: call(317, "CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY", { callbackId: int }, {}),
  nodeFreePages: call(
    340,
    "NODE_GET_FREE_PAGES",
    { pages: array(uint, CELLS_MAX), startCell: int, cellCount: uint, flags: uint },
    { counts: array(u64, CELLS_MAX) },
  ),
  networkLeases: call(
    341,
    "NETWORK_GET_DHCP_LEASES",
    { network, mac: optional(string), needResults: int, flags: uint },
    {
      leases: array(
        struct({
          interface: string,
          end: u64,
          type: int,
          mac: optional(string),
          iaid: optional(string),
          address: string,
          prefix: uint,
          hostname: optional(prose),
          clientId: optional(prose),
        }),
        LEASES_MAX,
      ),
      count: uint,
    },
  ),
  domainCapabilities: call(
    342,
    "CONNECT_GET_DOMAIN_CAPABILITIES",
    {
      emulator: optional(string),
      arch: optional(string),
      machine: optional(string),
      type: optional(string),
      flags: uint,
    },
    { capabilities: string },
    slow,
  ),
  define: call(350, "DOMAIN_DEFINE_XML_FLAGS", { xml: string, flags: uint }, { domain }, slow),
  interfaceAddresses: call(
    353,
    "DOMAIN_INTERFACE_ADDRESSES",
    { domain, source: uint, flags: uint },
    {
      interfaces: array(
        struct({
          name: string,
          mac: optional(string),
          addresses: array(struct({ type: int, address: string, prefix: uint }), IP_ADDRESSES_MAX),
        }),
        DOMAIN_INTERFACES_MAX,
      ),
    },
  ),
  managedSaveXml: call(
    388,
    "DOMAIN_MANAGED_SAVE_GET_XML_DESC",
    { domain, flags: uint },
    { xml: string },
    slow,
  ),
  detachAlias: call(392, "DOMAIN_DETACH_DEVICE_ALIAS", { domain, alias: string, flags: uint }, {}, slow),
};
