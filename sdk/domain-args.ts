import type { Input } from "@pulumi/pulumi";

/**
 * A memory size: text with a binary unit (KiB, MiB, GiB, TiB, PiB, or K, M, G, T, P) or a decimal one (kB, MB, GB, TB,
 * PB), or a number of MiB. It must be a whole number of MiB: `"4GB"` is refused, and the error names the two nearest
 * sizes.
 */
export type Size = string | number;

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
 * How memory is added to a running domain and removed from it. Only a change of `device` affects an existing domain; a
 * change of any other field is a setting only.
 */
export interface HotplugArgs {
  /**
   * `false`: no memory is ever hot-plugged, and the domain is defined without `<maxMemory>`. Default: true, or the stack's
   * `libvirt-hotplug:enabled`.
   */
  enabled?: Input<boolean>;
  /**
   * An increase must be a multiple of this size, counted from the domain's current memory, whatever that is
   * (1003 → 1259 → 1515 MiB). A power of two, at least 128 MiB. Default: 256 MiB, as in oVirt, or the stack's
   * `libvirt-hotplug:alignment`.
   */
  alignment?: Input<Size>;
  /**
   * What happens when a change of memory can't be applied to the running domain:
   * - `"replace"`: the domain is deleted and recreated. Disk images stay; NVRAM, TPM state and snapshots are lost.
   * - `"restart"`: the guest is shut down within `shutdownTimeout` and started with the new size. Nothing is lost.
   * - `"nextBoot"`: only the definition changes; the running domain keeps its size until it is shut down and started.
   * - `"error"`: the preview fails with the reason.
   *
   * Default: `"replace"`, or the stack's `libvirt-hotplug:whenNotPossible`.
   */
  whenNotPossible?: Input<"replace" | "restart" | "nextBoot" | "error">;
  /**
   * When a change of memory is applied. `"now"`: to the running domain and its definition; `"nextBoot"`: to the definition
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
   * released stay removed. virtio-mem shrinks regardless. Default: false, or the stack's `libvirt-hotplug:allowUnplug`.
   */
  allowUnplug?: Input<boolean>;
  /**
   * `true`: DIMMs that the guest rejected because their address is not aligned to its memory blocks are unplugged and
   * plugged again at addresses that it accepts; the preview lists them. `false`: the preview only reports them. Default:
   * true, or the stack's `libvirt-hotplug:heal`.
   */
  heal?: Input<boolean>;
  /**
   * What brings new memory online in the guest if it arrives offline:
   * - `"agent"`: the guest agent, which the provider asks once the memory has been offline for 3 s.
   * - `"guest"`: the guest's own kernel or udev rule. The update waits for it.
   * - `"none"`: nothing. Memory counts as arrived once the guest has detected it.
   *
   * Default: `"agent"`, or the stack's `libvirt-hotplug:online`.
   */
  online?: Input<"agent" | "guest" | "none">;
  /**
   * Seconds, 1 to 3600, that an update waits for the guest: to confirm memory after an attach, to release each DIMM that is
   * unplugged, and to reach the requested size of virtio-mem. `false`: the update doesn't wait (except 5 s for the release of
   * a DIMM). A guest with neither a guest agent nor balloon statistics can't confirm an attach; the update warns.
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

/** A NUMA node of the guest. */
export interface NumaNodeArgs {
  /** The node's own share of the memory. At most one node may be empty; memory can be added to it later. Default: 0. */
  memory?: Input<Size>;
  /** The node's vCPUs, in libvirt's notation: `"0-1"`. Default: none; if no node has any, node 0 gets all. */
  cpus?: Input<string>;
}

/** A kernel that the host passes to the guest, instead of booting from disk. */
export interface BootArgs {
  /** Absolute path of the kernel on the host where libvirt runs. */
  kernel: Input<string>;
  /** Absolute path of the initial RAM disk. Default: none. */
  initrd?: Input<string>;
  /** The kernel's command line. Default: empty. */
  commandLine?: Input<string>;
}

/** A disk image. Its device name in the guest follows from its bus and its place in the list (vda, vdb, sda, …). */
export interface DiskArgs {
  /** Absolute path of the image on the host where libvirt runs. It must exist, unless `size` is set. */
  file: Input<string>;
  /** Format of the image. Default: `"qcow2"`. */
  format?: Input<"qcow2" | "raw">;
  /** Bus of the device. Default: `"virtio"`. */
  bus?: Input<"virtio" | "scsi" | "sata" | "ide" | "usb">;
  /** Whether the guest can only read the disk. On `sata` and `ide` this makes it a CD-ROM. Default: false. */
  readOnly?: Input<boolean>;
  /**
   * What the image has at least, up to 2 PiB. Where there is no file, an empty image of that size is made through libvirt's storage
   * API, also on a remote host. A larger value grows the image: on the running domain at once, without a restart. The guest then
   * sees a larger disk; its partitions and file systems are grown in the guest. An image never shrinks: a value below what it has
   * is refused.
   */
  size?: Input<Size>;
  /**
   * What happens to an image that the provider made for `size` when the domain is deleted. An image that was there before is
   * never deleted. Default: `"keep"`.
   */
  onDelete?: Input<"delete" | "keep">;
}

/** A network interface: exactly one of `network`, `bridge` and `user` must be set. */
export interface InterfaceArgs {
  /** Name of a libvirt network. */
  network?: Input<string>;
  /** Name of a bridge on the host. */
  bridge?: Input<string>;
  /** `true`: QEMU's user-mode network, which needs no privileges. */
  user?: Input<boolean>;
  /** Model of the network card. Default: `"virtio"`. */
  model?: Input<string>;
  /** MAC address. Default: derived from the resource's URN and the interface's place in the list, so a replace keeps it. */
  mac?: Input<string>;
}

/** A serial console that is written to a file. */
export interface SerialFileArgs {
  /** Absolute path on the host where libvirt runs. */
  file: Input<string>;
}

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
  /** Number of virtual CPUs, 1 to 4096. Default: 1. A change: takes effect at the next boot. */
  vcpus?: Input<number>;
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
  /** Disk images. Default: none. A change: takes effect at the next boot. */
  disks?: Input<Input<DiskArgs>[]>;
  /** Network interfaces. Default: none. A change: takes effect at the next boot. */
  interfaces?: Input<Input<InterfaceArgs>[]>;
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
