import type { Input } from "@pulumi/pulumi";
import type { HotplugArgs } from "./args/hotplug.ts";
import type { Size } from "./args/size.ts";
import type { DomainArgs } from "./domain-args.ts";

/**
 * The configuration of the plugin. The arguments of an explicit provider, with which the domains of one stack can be on several
 * hosts, have the same names as the keys of a stack's configuration after `libvirt-hotplug:`. An argument of a domain takes
 * precedence over the default that is set here.
 */
export interface ProviderArgs {
  /**
   * The libvirt URI of domains that have no `uri` argument: `qemu:///system`, `qemu+ssh://user@host/system`,
   * `qemu+tls://host/system`, …, with libvirt's URI options. Default: `LIBVIRT_DEFAULT_URI` from the environment, else
   * `qemu:///system`.
   */
  uri?: Input<string>;
  /** `"kvm"`, or `"qemu"` for emulation. Default: `"kvm"` where the host supports it for the guest's architecture. */
  domainType?: Input<"kvm" | "qemu">;
  /** Seconds, 1 to 600, that a preview waits for a host. Default: 2 on a unix socket, 10 through ssh, TLS and TCP. */
  lookTimeout?: Input<number>;
  /**
   * `true`: `qemu+tcp` may name a host other than the one where Pulumi runs, although the traffic isn't encrypted. Default:
   * false.
   */
  allowPlainTcp?: Input<boolean>;
  /**
   * Names of further environment variables that the hooks `hotplug.before` and `hotplug.after` inherit, separated by commas.
   * Default: none. In a stack's configuration the key is `libvirt-hotplug:hooks.env`.
   */
  hooksEnv?: Input<string>;
  /** `false`: memory is never hot-plugged. Default: true. */
  enabled?: HotplugArgs["enabled"];
  /** An increase must be a multiple of this size: a power of two, at least 128 MiB. Default: 256 MiB. */
  alignment?: Input<Size>;
  /** What happens when a change of memory can't be applied to the running domain. Default: `"replace"`. */
  whenNotPossible?: HotplugArgs["whenNotPossible"];
  /** When a change of memory is applied. Default: `"now"`. */
  applyOn?: HotplugArgs["applyOn"];
  /** The kind of device that adds memory. Default: `"dimm"`. */
  device?: HotplugArgs["device"];
  /** `true`: DIMMs may be unplugged from a running guest. Default: false. */
  allowUnplug?: HotplugArgs["allowUnplug"];
  /** `true`: DIMMs that the guest rejected are repaired; `false`: they are only reported. Default: true. */
  heal?: HotplugArgs["heal"];
  /** What brings new memory online in the guest if it arrives offline. Default: `"agent"`. */
  online?: HotplugArgs["online"];
  /** Seconds, 1 to 3600, that an update waits for the guest; `false`: it doesn't wait. Default: 60. */
  awaitGuest?: HotplugArgs["awaitGuest"];
  /** Slots for DIMMs, 1 to 256. Default: 16. */
  memorySlots?: DomainArgs["memorySlots"];
  /** PCI Express root ports that are free after all devices of a new definition, 0 to 128. Default: 8. */
  hotplugPorts?: DomainArgs["hotplugPorts"];
  /** The most memory that a 32-bit guest may have. Default: 20 GiB. */
  maxMemory32Bit?: Input<Size>;
  /** The most memory that a 64-bit guest may have. Default: 4 TiB. */
  maxMemory64Bit?: Input<Size>;
  /** `false`: a change of memory that would restart or replace a domain fails in the preview. Default: true. */
  allowDowntime?: Input<boolean>;
}
