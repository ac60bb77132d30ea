export { Domain } from "./domain.ts";
export type {
  BootArgs,
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
export type { ChangeOutcome, MemoryDeviceOutput, ReachableSizes } from "./domain-outputs.ts";
