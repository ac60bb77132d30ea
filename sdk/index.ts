export type { BootArgs } from "./args/boot.ts";
export type { CpuTopologyArgs } from "./args/cpu-topology.ts";
export type { DiskArgs } from "./args/disk.ts";
export type { HookArgs, HotplugArgs, MemorySourceArgs } from "./args/hotplug.ts";
export type { InterfaceArgs } from "./args/interface.ts";
export type { NumaNodeArgs } from "./args/numa.ts";
export type { SerialFileArgs } from "./args/serial.ts";
export type { Size } from "./args/size.ts";
export { Domain } from "./domain.ts";
export type { DomainArgs } from "./domain-args.ts";
export type {
  AddressOutput,
  ChangeOutcome,
  MemoryDeviceOutput,
  ReachableSizes,
  ReachableVcpus,
} from "./domain-outputs.ts";
