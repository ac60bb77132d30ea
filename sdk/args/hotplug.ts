import type { Input } from "@pulumi/pulumi";
import type { Size } from "./size.ts";

/**
 * A program that is run before or after each attach, on the machine where the provider runs, without a shell. It reads
 * the device's XML from standard input, and has `HOTPLUG_DOMAIN`, `HOTPLUG_UUID` and `HOTPLUG_URI` in its environment. Of
 * the environment of `pulumi` it inherits `PATH`, `HOME`, `USER`, `LOGNAME`, `SHELL`, `TMPDIR`, `TZ`, `LANG`, `LANGUAGE`, `LC_*`
 * and `XDG_RUNTIME_DIR`, and the variables that the stack's `libvirt-hotplug:hooks.env` names. If it fails, the error names the
 * program without its arguments and quotes its standard error, unless an argument of the domain is secret text.
 */
export interface HookArgs {
  /** The program and its arguments. */
  command: Input<Input<string>[]>;
  /** Seconds, 1 to 3600, after which the program is killed and counts as failed. Default: 30. */
  timeout?: Input<number>;
}

/** Where on the host the memory of new devices comes from. */
export interface MemorySourceArgs {
  /** Host NUMA nodes, in libvirt's notation: `"0-1"`, `"0-3,^2"`. Default: the host decides. */
  nodeset?: Input<string>;
  /** Page size, for huge pages: `"2MiB"`, `"1GiB"`. DIMM sizes are multiples of it. Default: the host's base page. */
  pageSize?: Input<Size>;
}

/**
 * How memory and vCPUs are added to a running domain and removed from it. Only a change of `device` affects an existing domain; a
 * change of any other field is a setting only.
 */
export interface HotplugArgs {
  /**
   * `false`: neither memory nor vCPUs are ever hot-plugged, and the domain is defined without `<maxMemory>`. Default: true, or
   * the stack's `libvirt-hotplug:enabled`.
   */
  enabled?: Input<boolean>;
  /**
   * An increase must be a multiple of this size, counted from the domain's current memory, whatever that is
   * (1003 → 1259 → 1515 MiB). A power of two, at least 128 MiB. Default: 256 MiB, as in oVirt, or the stack's
   * `libvirt-hotplug:alignment`.
   */
  alignment?: Input<Size>;
  /**
   * What happens when a change of memory or vCPUs can't be applied to the running domain:
   * - `"replace"`: the domain is deleted and recreated. Disk images stay; NVRAM, TPM state and snapshots are lost.
   * - `"restart"`: the guest is shut down within `shutdownTimeout` and started with the new size. Nothing is lost.
   * - `"nextBoot"`: only the definition changes; the running domain keeps its size until it is shut down and started.
   * - `"error"`: the preview fails with the reason.
   *
   * Default: `"replace"`, or the stack's `libvirt-hotplug:whenNotPossible`.
   */
  whenNotPossible?: Input<"replace" | "restart" | "nextBoot" | "error">;
  /**
   * When a change of memory or vCPUs is applied. `"now"`: to the running domain and its definition; `"nextBoot"`: to the definition
   * only, so that it takes effect once the domain is shut down and started. Default: `"now"`, or the stack's
   * `libvirt-hotplug:applyOn`.
   */
  applyOn?: Input<"now" | "nextBoot">;
  /**
   * The kind of device that adds memory:
   * - `"dimm"`: a DIMM for each increase. At the next boot its memory is part of the base memory.
   * - `"virtio-mem"`: one device per node that grows, defined with the domain and large enough to reach `maxMemory`, in
   *   whole memory blocks of the guest (128 MiB). Its requested size follows `memory` up and down while the domain runs, in
   *   steps of its block size (2 MiB, or `source.pageSize` where that is larger), down to the memory that the domain was
   *   started with. Needs an x86_64 or aarch64 guest with the `virtio_mem` driver, libvirt 7.9 and QEMU 6.0. `alignment`,
   *   `allowUnplug` and `heal` have no effect; `maxDimmSize`, `before` and `after` are refused.
   *
   * A change on an existing domain is handled as `whenNotPossible` specifies. Default: `"dimm"`, or the stack's
   * `libvirt-hotplug:device`.
   */
  device?: Input<"dimm" | "virtio-mem">;
  /**
   * `true`: a decrease is applied to the running domain if DIMMs that this provider added make up exactly that size; the
   * fewest and newest such DIMMs are unplugged. If the guest refuses to release one, the update fails, and those already
   * released stay removed. virtio-mem shrinks regardless. Fewer vCPUs are removed from the running domain as far as they are
   * removable: all but the first, if the domain was created with `maxVcpus`. Default: false, or the stack's `libvirt-hotplug:allowUnplug`.
   */
  allowUnplug?: Input<boolean>;
  /**
   * `true`: DIMMs that the guest rejected because their address is not aligned to its memory blocks are unplugged and
   * plugged again at addresses that it accepts; the preview lists them. `false`: the preview only reports them. Default:
   * true, or the stack's `libvirt-hotplug:heal`.
   */
  heal?: Input<boolean>;
  /**
   * What brings new memory and new vCPUs online in the guest if they arrive offline, as vCPUs always do in a Linux guest:
   * - `"agent"`: the guest agent, which the provider asks once they have been offline for 3 s.
   * - `"guest"`: the guest's own kernel or udev rule. The update waits for it.
   * - `"none"`: nothing. They count as arrived once the guest has detected them.
   *
   * Default: `"agent"`, or the stack's `libvirt-hotplug:online`.
   */
  online?: Input<"agent" | "guest" | "none">;
  /**
   * Seconds, 1 to 3600, that an update waits for the guest: to confirm memory after an attach, to use new vCPUs, to release
   * each DIMM and the vCPUs that are removed, and to reach the requested size of virtio-mem. `false`: the update doesn't wait
   * (except 5 s for the release of a DIMM or a vCPU). A guest with neither a guest agent nor balloon statistics can't confirm an attach; the update warns.
   * Default: 60, or the stack's `libvirt-hotplug:awaitGuest`.
   */
  awaitGuest?: Input<number | false>;
  /**
   * The guest NUMA node that gets the memory beyond the nodes' own shares (`numa[].memory`), or `"spread"` to divide it
   * evenly among all nodes. Default: 0.
   */
  targetNode?: Input<number | "spread">;
  /**
   * The largest size of a DIMM. A larger increase takes several DIMMs, which can be unplugged one by one later. Default:
   * one DIMM for each increase.
   */
  maxDimmSize?: Input<Size>;
  /**
   * What happens to a NUMA node without memory if the machine type can't boot with an empty node (all after 5.0).
   * `"minimal"`: it gets 1 MiB of node 0's memory; `"exact"`: the program is refused. Default: `"minimal"`.
   */
  emptyNode?: Input<"minimal" | "exact">;
  /** Where on the host the memory comes from. Default: the host decides. */
  source?: Input<MemorySourceArgs>;
  /**
   * Runs before each attach. Its output replaces the device's XML, and must still describe one DIMM of the same size, node
   * and alias; if it prints nothing, the XML is used unchanged. If it fails, nothing is attached. Default: none.
   */
  before?: Input<HookArgs>;
  /** Runs after each attach. If it fails, the memory stays attached and a warning is shown. Default: none. */
  after?: Input<HookArgs>;
}
