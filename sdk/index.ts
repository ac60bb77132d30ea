export { Domain } from "./domain.ts";
export type {
  BootArgs,
  DiskArgs,
  DomainArgs,
  HotplugArgs,
  InterfaceArgs,
  SerialFileArgs,
  Size,
} from "./domain-args.ts";
export type { MemoryDeviceOutput, ReachableSizes } from "./domain-outputs.ts";
