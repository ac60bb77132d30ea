export { Domain } from "./domain.ts";
export type {
  BootArgs,
  CpuTopologyArgs,
  DiskArgs,
  DomainArgs,
  HookArgs,
  HotplugArgs,
  InterfaceArgs,
  MemorySourceArgs,
  NumaNodeArgs,
  SerialFileArgs,
  Size,
} from "./domain-args.ts";
export type { ChangeOutcome, MemoryDeviceOutput, ReachableSizes, ReachableVcpus } from "./domain-outputs.ts";
