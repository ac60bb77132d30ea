import type { Input } from "@pulumi/pulumi";

import type { BootArgs } from "./args/boot.ts";
import type { CpuTopologyArgs } from "./args/cpu-topology.ts";
import type { DiskArgs } from "./args/disk.ts";
import type { HotplugArgs } from "./args/hotplug.ts";
import type { InterfaceArgs } from "./args/interface.ts";
import type { NumaNodeArgs } from "./args/numa.ts";
import type { SerialFileArgs } from "./args/serial.ts";
import type { Size } from "./args/size.ts";

/**
 * The arguments of a libvirt domain. "A change" describes what a new value does to an existing domain. A change that "takes
 * effect at the next boot" is written to the definition at once, and applies once the domain has been shut down and started
 * (a reboot inside the guest isn't enough).
 */
export interface DomainArgs {
  /**
   * The domain's name on its host: 1 to 200 letters, digits and `_ . + : @ -`. Default: the resource's name at creation,
   * which is kept afterwards.
   * A change: replace.
   */
  name?: Input<string>;
  /**
   * The guest's memory: what it boots with plus everything that was added. Required, unless the program sets the memory of
   * each NUMA node: then the default is their sum.
   * A change: an increase by a multiple of `hotplug.alignment`, within `maxMemory` and the free slots, is plugged into the
   * running domain and is base memory at the next boot. A decrease is unplugged if `hotplug.allowUnplug` is true and whole
   * DIMMs add up to it. With `hotplug.device: "virtio-mem"` both are applied to the running domain, in steps of 2 MiB. Any
   * other change is handled as `hotplug.whenNotPossible` specifies.
   */
  memory?: Input<Size>;
  /**
   * The most that `memory` can reach while the domain runs. At most 4 TiB, and 20 GiB for a 32-bit guest, or the stack's
   * `libvirt-hotplug:maxMemory64Bit` and `libvirt-hotplug:maxMemory32Bit`. Default: 4 × `memory` at creation, at most
   * 512 GiB unless `memory` itself is larger; kept afterwards.
   * A change: takes effect at the next boot.
   */
  maxMemory?: Input<Size>;
  /**
   * Slots for DIMMs, 1 to 256. Each DIMM takes one, and the next boot frees them all. Default: 16, or the stack's
   * `libvirt-hotplug:memorySlots`.
   * A change: takes effect at the next boot.
   */
  memorySlots?: Input<number>;
  /**
   * Number of virtual CPUs, 1 to 4096. Default: 1.
   * A change: more vCPUs, up to `maxVcpus`, are added to the running domain, and fewer are removed if `hotplug.allowUnplug` is
   * true. Any other change is handled as `hotplug.whenNotPossible` specifies.
   */
  vcpus?: Input<number>;
  /**
   * The most that `vcpus` can reach while the domain runs. Default: 4 × `vcpus` at creation, at most 255 and what the machine
   * type can have; kept afterwards. A domain that an earlier version of the provider created keeps its present maximum.
   * A change: takes effect at the next boot.
   */
  maxVcpus?: Input<number>;
  /**
   * How the guest sees its vCPUs, which guests may limit or license by socket. The product is `maxVcpus`. Default: one socket for
   * each NUMA node at creation; afterwards the number of cores follows `maxVcpus`.
   * A change: takes effect at the next boot.
   */
  cpuTopology?: Input<CpuTopologyArgs>;
  /** How memory is added and removed while the domain runs. A change: a setting only, except for `device`. */
  hotplug?: Input<HotplugArgs>;
  /**
   * The guest's NUMA nodes. Memory beyond the sum of their shares goes to `hotplug.targetNode`. Default: one node with all
   * of the memory and all vCPUs.
   * A change: as `hotplug.whenNotPossible` specifies, since nodes are fixed at boot. Removing the argument leaves the nodes of
   * an existing domain as they are.
   */
  numa?: Input<Input<NumaNodeArgs>[]>;
  /**
   * The balloon target: the memory that the balloon leaves the guest. At most `memory`; at least 128 MiB plus 1/64 of it,
   * which the guest's kernel needs. Default: none, and the balloon isn't touched.
   * A change: applied to the running domain (once any memory that the same update adds has arrived) and to its definition;
   * the update waits for the guest (`hotplug.awaitGuest`). Removing the argument gives all memory back to the guest once.
   */
  currentMemory?: Input<Size>;
  /** Word size of the guest's kernel in bits, which limits its memory. Default: that of `arch`. A change: a setting only. */
  guestWidth?: Input<32 | 64>;
  /**
   * `"host-passthrough"`, `"host-model"`, `"maximum"` or the name of a CPU model. Default: on aarch64
   * `"host-passthrough"` with KVM and `"maximum"` without, else libvirt's default.
   * A change: takes effect at the next boot.
   */
  cpu?: Input<string>;
  /** The guest's architecture, as QEMU names it. Default: the host's. A change: replace. */
  arch?: Input<"x86_64" | "i686" | "aarch64" | "armv7l" | "ppc64" | "ppc64le" | "riscv64" | "s390x">;
  /**
   * The machine type. Default: `"q35"` on x86_64, `"virt"` on aarch64, else libvirt's default.
   * A change: takes effect at the next boot.
   */
  machine?: Input<string>;
  /** The firmware. Default: `"uefi"` on aarch64, where hot-plug needs it, else `"bios"`. A change: replace. */
  firmware?: Input<"bios" | "uefi">;
  /** A kernel to boot. Default: none, the guest boots from its first disk. A change: takes effect at the next boot. */
  boot?: Input<BootArgs>;
  /**
   * Disks and CD-ROM drives. Default: none.
   * A change: disks are attached to and detached from the running domain, and media of drives changed, where bus, machine and free
   * ports allow it; otherwise as `hotplug.whenNotPossible` specifies. A change of the options of a disk takes effect at the next boot.
   */
  disks?: Input<Input<DiskArgs>[]>;
  /**
   * Network interfaces. Default: none.
   * A change: interfaces are attached to and detached from the running domain, and changed in it, where machine and free ports allow it;
   * otherwise as `hotplug.whenNotPossible` specifies.
   */
  interfaces?: Input<Input<InterfaceArgs>[]>;
  /**
   * PCI Express root ports, 0 to 128, that are free after all devices when a domain with the machine type `q35`, or `virt` on aarch64,
   * is defined: each disk on the `virtio` bus and each network interface that is attached takes one. Default: 8, or the stack's
   * `libvirt-hotplug:hotplugPorts`.
   * A change: a setting only, which takes effect with the next change of the definition.
   */
  hotplugPorts?: Input<number>;
  /**
   * The serial console: `"pty"` for a pseudo-terminal (`virsh console`), or a file. Default: none.
   * A change: takes effect at the next boot.
   */
  serial?: Input<"pty" | SerialFileArgs>;
  /** Whether the domain has a channel for the QEMU guest agent. Default: true. A change: takes effect at the next boot. */
  agent?: Input<boolean>;
  /**
   * Whether the domain has a memory balloon, which reports the guest's memory statistics. Default: true.
   * A change: takes effect at the next boot.
   */
  balloon?: Input<boolean>;
  /** A description of the domain, kept in its definition. Default: none. A change: applied to the definition at once. */
  description?: Input<string>;
  /**
   * Whether the domain runs. Default: true. Only an explicit `true` also resumes a domain that a user paused, and wakes a
   * guest that is suspended to memory (S3). A domain that an I/O error, a watchdog or a crash paused is never resumed.
   * A change: `false` shuts the guest down within `shutdownTimeout`, without forcing it off unless `forceOff` is true;
   * `true` starts it.
   */
  running?: Input<boolean>;
  /**
   * What a start does with the saved state of a domain (`virsh managedsave`): `false` restores it, with the memory and the
   * devices that it was saved with, and applies the other changes to the restored domain; `true` discards it, so that the
   * guest boots. Default: false.
   * A change: a setting only, unless the domain is to be started and has a saved state.
   */
  discardSavedState?: Input<boolean>;
  /** Whether libvirt starts the domain when the host boots. Default: false. A change: at once. */
  autostart?: Input<boolean>;
  /**
   * Seconds, 0 to 86400, that the guest gets to shut down. On destroy and replace it is forced off after that; 0: at once.
   * Default: 60. A change: a setting only.
   */
  shutdownTimeout?: Input<number>;
  /**
   * Whether the guest is forced off when it doesn't shut down within `shutdownTimeout`, for `running: false` and for
   * restarts. `true` also allows a halted domain (`stateReason`: an I/O error, the watchdog, a crash) to be forced off,
   * including for a replace. Default: false. A change: a setting only.
   */
  forceOff?: Input<boolean>;
  /**
   * `true`: takes over the existing domain of this name, which this provider didn't create, instead of creating one.
   * Arguments that differ from the domain are applied as an update, which is refused if it needs a restart; the rest of the
   * domain is left unchanged. An adopted domain is never replaced, and is kept on destroy. Default: false.
   * A change: no effect.
   */
  adopt?: Input<boolean>;
  /**
   * What destroy does with the domain. `"keep"` leaves it on the host, running or not. Default: `"delete"`, or `"keep"` for
   * an adopted domain. A change: a setting only.
   */
  onDelete?: Input<"delete" | "keep">;
  /**
   * The libvirt URI of the host: `qemu:///system`, `qemu+ssh://user@host/system`, `qemu+tls://host/system`, …, with libvirt's
   * URI options. Default: the stack's `libvirt:uri`, else `LIBVIRT_DEFAULT_URI` from the environment, else
   * `qemu:///system`; kept afterwards.
   * A change: a setting only, if the new URI reaches the same domain; else an error.
   */
  uri?: Input<string>;
  /**
   * libvirt's domain XML, for everything that has no argument. The arguments that the program sets are merged into it. XML
   * whose memory, name or number of vCPUs contradicts them is refused. Default: none.
   * A change: takes effect at the next boot.
   */
  xml?: Input<string>;
}
