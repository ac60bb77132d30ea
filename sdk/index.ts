/**
 * The class `Domain`, its arguments and its outputs. The package has two more entries:
 * {@link "pulumi-libvirt-hotplug/sizes" | pulumi-libvirt-hotplug/sizes} for catalogues of sizes, and
 * {@link "pulumi-libvirt-hotplug/policy" | pulumi-libvirt-hotplug/policy} for the rules of policy packs.
 *
 * @module pulumi-libvirt-hotplug
 */

export type { BootArgs } from "./args/boot.ts";
export type { CpuTopologyArgs } from "./args/cpu-topology.ts";
export type { DiskArgs } from "./args/disk.ts";
export type { GraphicsArgs } from "./args/graphics.ts";
export type { HookArgs, HotplugArgs, MemorySourceArgs } from "./args/hotplug.ts";
export type { InterfaceArgs } from "./args/interface.ts";
export type { MemoryBackingArgs } from "./args/memory-backing.ts";
export type { NumaNodeArgs } from "./args/numa.ts";
export type { RngArgs } from "./args/rng.ts";
export type { SerialFileArgs } from "./args/serial.ts";
export type { Size } from "./args/size.ts";
export type { TpmArgs } from "./args/tpm.ts";
export type { VideoArgs } from "./args/video.ts";
export type { WatchdogArgs } from "./args/watchdog.ts";
export { Domain } from "./domain.ts";
export type { DomainArgs } from "./domain-args.ts";
export type {
  AddressOutput,
  ChangeOutcome,
  MemoryDeviceOutput,
  ReachableSizes,
  ReachableVcpus,
} from "./domain-outputs.ts";
