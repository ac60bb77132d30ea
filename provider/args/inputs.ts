/**
 * What check answers and the state keeps: canonical sizes («1259MiB»), identity filled in, nothing else
 * defaulted. Any value may be Pulumi's unknown marker in a preview.
 */
export interface Inputs {
  __provider?: string;
  __urn: string;
  /** A size or the XML is secret: no figures in messages. */
  __secret?: boolean;
  name: string;
  uuid: string;
  memory: string;
  maxMemory: string;
  memorySlots: number;
  vcpus?: number;
  hotplug?: HotplugInput;
  numa?: CellInput[];
  currentMemory?: string;
  guestWidth?: 32 | 64;
  cpu?: string;
  arch?: string;
  machine?: string;
  firmware?: "bios" | "uefi";
  boot?: { kernel: string; initrd?: string; commandLine?: string };
  disks?: DiskInput[];
  interfaces?: InterfaceInput[];
  serial?: "pty" | { file: string };
  agent?: boolean;
  balloon?: boolean;
  description?: string;
  running?: boolean;
  autostart?: boolean;
  forceOff?: boolean;
  adopt?: boolean;
  onDelete?: "delete" | "keep";
  shutdownTimeout?: number;
  uri?: string;
  xml?: string;
  /** The sentence of the latest memory change. */
  memoryPlan?: string;
}

export type Fallback = "replace" | "restart" | "nextBoot" | "error";

/** Whose task it is to bring new memory online in the guest. */
export type OnlinePolicy = "agent" | "guest" | "none";

/** What memory is added to a running domain with. */
export type PlugDevice = "dimm" | "virtio-mem";

export interface HotplugInput {
  enabled?: boolean;
  alignment?: string;
  whenNotPossible?: Fallback;
  applyOn?: "now" | "nextBoot";
  device?: PlugDevice;
  targetNode?: number | "spread";
  maxDimmSize?: string;
  emptyNode?: "minimal" | "exact";
  allowUnplug?: boolean;
  heal?: boolean;
  online?: OnlinePolicy;
  awaitGuest?: number | false;
  source?: { nodeset?: string; pageSize?: string };
  before?: HookInput;
  after?: HookInput;
}

export interface HookInput {
  command: string[];
  timeout?: number;
}

export interface CellInput {
  memory?: string;
  cpus?: string;
}

export interface DiskInput {
  file: string;
  format?: "qcow2" | "raw";
  bus?: "virtio" | "scsi" | "sata" | "ide" | "usb";
  readOnly?: boolean;
}

export interface InterfaceInput {
  network?: string;
  bridge?: string;
  user?: boolean;
  model?: string;
  mac?: string;
}
