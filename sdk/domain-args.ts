import type { Input } from "@pulumi/pulumi";

/**
 * A memory size: a string with a binary (KiB, MiB, GiB, TiB, PiB, or K, M, G, T, P) or decimal (kB, MB, GB, TB, PB)
 * unit, or a number of MiB. Always a whole number of MiB: `"4GB"` is refused with the two sizes beside it.
 */
export type Size = string | number;

/**
 * A program that runs where the provider runs, around each attach, without a shell. It gets the device's XML on
 * standard input, and HOTPLUG_DOMAIN, HOTPLUG_UUID and HOTPLUG_URI in its environment.
 */
export interface HookArgs {
  /** The program and its arguments. */
  command: Input<Input<string>[]>;
  /** Seconds until it is ended and counts as failed. Default: 30. */
  timeout?: Input<number>;
}

/** Where on the host the memory of new DIMMs comes from. */
export interface MemorySourceArgs {
  /** Host NUMA nodes, as libvirt writes them: `"0-1"`. Default: the host decides. */
  nodeset?: Input<string>;
  /** Page size, for huge pages: `"2MiB"`, `"1GiB"`. Default: the host's base page. DIMMs are multiples of it. */
  pageSize?: Input<Size>;
}

/** How memory is added to a running domain, and taken out of it. A change of any of it but `device` is a setting only. */
export interface HotplugArgs {
  /** False: nothing is ever plugged, and the domain is made without `maxMemory`. Default: true, or the stack's `libvirt-hotplug:enabled`. */
  enabled?: Input<boolean>;
  /**
   * What an increase must be a multiple of, counted from the domain's present memory, whatever that is
   * (1003 → 1259 → 1515). A power of two, at least 128 MiB. Default: 256 MiB, oVirt's, or the stack's
   * `libvirt-hotplug:alignment`.
   */
  alignment?: Input<Size>;
  /**
   * What happens when a change of memory can't be done on the running domain:
   * - `"replace"`: the domain is deleted and created anew; disk files stay, NVRAM, TPM state and snapshots don't;
   * - `"restart"`: the guest is shut down within `shutdownTimeout` and started with the new size; everything stays;
   * - `"nextBoot"`: the definition is changed, and the running domain is left alone;
   * - `"error"`: the preview fails with the reason.
   *
   * Default: `"replace"`, or the stack's `libvirt-hotplug:whenNotPossible`.
   */
  whenNotPossible?: Input<"replace" | "restart" | "nextBoot" | "error">;
  /**
   * `"nextBoot"`: a change of memory changes the definition alone, and takes effect when the domain is next shut down
   * and started. Default: `"now"`, or the stack's `libvirt-hotplug:applyOn`.
   */
  applyOn?: Input<"now" | "nextBoot">;
  /**
   * What memory is added with:
   * - `"dimm"`: DIMM devices, which are base memory at the next boot;
   * - `"virtio-mem"`: one device in each node that grows, made with the domain and as large as the room up to `maxMemory`,
   *   in whole memory blocks of the guest (128 MiB); what is requested of it follows `memory` up and down in steps of its
   *   block (2 MiB, or `source.pageSize` where that is more), live, down to what the domain was started with. Needs x86_64
   *   or aarch64, libvirt 7.9, QEMU 6.0 and the guest's `virtio_mem` driver. `alignment`, `allowUnplug` and `heal` have no
   *   say in it; `maxDimmSize`, `before` and `after` are refused.
   *
   * Going from one to the other on a domain that exists: `whenNotPossible`. Default: `"dimm"`, or the stack's
   * `libvirt-hotplug:device`.
   */
  device?: Input<"dimm" | "virtio-mem">;
  /**
   * The guest NUMA node that takes what `memory` has above the nodes' own shares, or `"spread"`: every node the same.
   * Default: 0.
   */
  targetNode?: Input<number | "spread">;
  /** The largest DIMM that is plugged, for smaller units to take out later. Default: one DIMM a change. */
  maxDimmSize?: Input<Size>;
  /**
   * A NUMA node without memory at boot, where the machine type needs some (all after 5.0): `"minimal"` gives it 1 MiB
   * out of node 0, `"exact"` refuses. Default: `"minimal"`.
   */
  emptyNode?: Input<"minimal" | "exact">;
  /**
   * True: a decrease that DIMMs of this provider's add up to exactly is done on the running domain, the fewest and newest
   * of them. The guest may refuse: then what it gave before stays gone, and the update fails. virtio-mem needs no leave to
   * shrink. Default: false, or the stack's `libvirt-hotplug:allowUnplug`.
   */
  allowUnplug?: Input<boolean>;
  /**
   * True: DIMMs that the guest could not take, since they lie off its memory blocks, are taken out and plugged anew where
   * it can. The preview says which. False: it only explains. Default: true, or the stack's `libvirt-hotplug:heal`.
   */
  heal?: Input<boolean>;
  /**
   * Who brings new memory online in the guest, where it arrives offline:
   * - `"agent"`: the guest's agent is told to, when the memory stays offline for 3 s;
   * - `"guest"`: the guest itself (its kernel, or a rule of udev); it is only waited for;
   * - `"none"`: nobody has to; memory that the guest has found counts as arrived.
   *
   * Default: `"agent"`, or the stack's `libvirt-hotplug:online`.
   */
  online?: Input<"agent" | "guest" | "none">;
  /**
   * Seconds, 1 to 3600, that an update waits after an attach until the guest confirms that it has the memory, for each DIMM
   * until the guest gives it up, and after a change of virtio-mem until the guest has taken or given back what is requested;
   * `false` doesn't wait for it (5 s for a DIMM). A guest that has neither an agent nor a balloon with statistics isn't
   * waited for after an attach, and a warning says so. Default: 60, or the stack's `libvirt-hotplug:awaitGuest`.
   */
  awaitGuest?: Input<number | false>;
  /** Where on the host the memory comes from. Default: wherever the host takes it. */
  source?: Input<MemorySourceArgs>;
  /**
   * Runs before each attach: what it prints replaces the device's XML (the same device: one DIMM of that size, node and
   * alias), nothing printed leaves it. When it fails, nothing is attached. Default: none.
   */
  before?: Input<HookArgs>;
  /** Runs after each attach; when it fails, the memory is there all the same, and a warning says so. Default: none. */
  after?: Input<HookArgs>;
}

/** A NUMA node of the guest. */
export interface NumaNodeArgs {
  /** The node's own share. Default: 0. At most one node may be left without memory; it can grow into it later. */
  memory?: Input<Size>;
  /** Its vCPUs, as libvirt writes them: `"0-1"`. Default: none; where no node has any, node 0 has all. */
  cpus?: Input<string>;
}

/** A kernel that QEMU boots directly. Paths are on the host where libvirt runs. */
export interface BootArgs {
  /** Absolute path of the kernel. */
  kernel: Input<string>;
  /** Absolute path of the initial RAM disk. Default: none. */
  initrd?: Input<string>;
  /** The kernel's command line. Default: empty. */
  commandLine?: Input<string>;
}

/** A disk image. Its device in the guest follows from its bus and its place in the list (vda, vdb, sda, …). */
export interface DiskArgs {
  /** Absolute path of the image on the host where libvirt runs. It is never created nor deleted. */
  file: Input<string>;
  /** Default: `"qcow2"`. */
  format?: Input<"qcow2" | "raw">;
  /** Default: `"virtio"`. */
  bus?: Input<"virtio" | "scsi" | "sata" | "ide" | "usb">;
  /** Default: false. On `sata` and `ide` a read-only disk is a CD-ROM. */
  readOnly?: Input<boolean>;
}

/** A network interface: exactly one of `network`, `bridge` and `user`. */
export interface InterfaceArgs {
  /** A network of libvirt. */
  network?: Input<string>;
  /** A bridge of the host. */
  bridge?: Input<string>;
  /** QEMU's user-mode network, which needs no privileges. */
  user?: Input<boolean>;
  /** Default: `"virtio"`. */
  model?: Input<string>;
  /** Default: made from the resource's URN and the interface's place, and the same after a replace. */
  mac?: Input<string>;
}

/** A serial console that is written to a file. */
export interface SerialFileArgs {
  /** Absolute path on the host where libvirt runs. */
  file: Input<string>;
}

/**
 * What a libvirt domain shall be. Each field says what a change of it does to a running domain: what «takes effect
 * at the next boot» is in the definition at once, and in the domain after it was shut down and started (a reboot
 * inside the guest isn't enough).
 */
export interface DomainArgs {
  /**
   * The domain's name on its host: 1 to 200 letters, digits and `_ . + : @ -`. Default: the resource's name
   * at creation, kept afterwards.
   * A change: replace.
   */
  name?: Input<string>;
  /**
   * The guest's memory: what it boots with, and all DIMMs. Required, but for a program that gives the memory of each
   * NUMA node: then it is their sum.
   * A change: an increase by a multiple of `hotplug.alignment` within `maxMemory` and the free slots is plugged
   * into the running domain, and is base memory at the next boot. A decrease that whole DIMMs add up to is taken out
   * with `hotplug.allowUnplug`. With `hotplug.device: "virtio-mem"` it goes up and down in steps of 2 MiB.
   * Else: `hotplug.whenNotPossible`.
   */
  memory?: Input<Size>;
  /**
   * The most that `memory` can grow to while the domain runs. Default: 4 × `memory` at creation, at most 512 GiB
   * unless `memory` itself is more; kept afterwards. At most 4 TiB, and 20 GiB for a 32-bit guest, or the stack's
   * `libvirt-hotplug:maxMemory64Bit` and `libvirt-hotplug:maxMemory32Bit`.
   * A change: takes effect at the next boot.
   */
  maxMemory?: Input<Size>;
  /**
   * Slots for DIMMs, 1 to 256; every increase takes one, and the next boot frees them all. Default: 16, or
   * the stack's `libvirt-hotplug:memorySlots`.
   * A change: takes effect at the next boot.
   */
  memorySlots?: Input<number>;
  /** Virtual CPUs. Default: 1. A change: takes effect at the next boot. */
  vcpus?: Input<number>;
  /** How memory is added and taken out while the domain runs. A change: a setting only, but for `device`. */
  hotplug?: Input<HotplugArgs>;
  /**
   * The guest's NUMA nodes. Default: one, with all memory and all vCPUs. What `memory` has above their sum belongs to
   * `hotplug.targetNode`. A change: `hotplug.whenNotPossible`, since nodes are fixed at boot.
   */
  numa?: Input<Input<NumaNodeArgs>[]>;
  /**
   * What the memory balloon leaves the guest: at most `memory`, and at least 128 MiB and 1/64 of it, which its kernel
   * needs. Default: none is named, and nobody's balloon is touched; at the next boot it leaves all.
   * A change: on the running domain at once, after any memory that is added with it has arrived, and in its definition; the
   * update waits for the guest (`hotplug.awaitGuest`). Taken out again: the guest gets all of it back, once.
   */
  currentMemory?: Input<Size>;
  /** The guest's width, which caps its memory. Default: as `arch` has it. A change: a setting only. */
  guestWidth?: Input<32 | 64>;
  /**
   * `"host-passthrough"`, `"host-model"`, `"maximum"` or the name of a CPU model. Default: libvirt's.
   * A change: takes effect at the next boot.
   */
  cpu?: Input<string>;
  /** The guest's architecture, as QEMU names it. Default: the host's. A change: replace. */
  arch?: Input<"x86_64" | "i686" | "aarch64" | "armv7l" | "ppc64" | "ppc64le" | "riscv64" | "s390x">;
  /**
   * The machine type. Default: `"q35"` on x86_64, `"virt"` on aarch64, else libvirt's.
   * A change: takes effect at the next boot.
   */
  machine?: Input<string>;
  /** Default: `"uefi"` on aarch64, where hot-plug needs it, else `"bios"`. A change: replace. */
  firmware?: Input<"bios" | "uefi">;
  /** A kernel to boot. Default: from the first disk. A change: takes effect at the next boot. */
  boot?: Input<BootArgs>;
  /** Disk images. Default: none. A change: takes effect at the next boot. */
  disks?: Input<Input<DiskArgs>[]>;
  /** Network interfaces. Default: none. A change: takes effect at the next boot. */
  interfaces?: Input<Input<InterfaceArgs>[]>;
  /** The serial console: a pseudo-terminal (`virsh console`) or a file. Default: none. A change: takes effect at the next boot. */
  serial?: Input<"pty" | SerialFileArgs>;
  /** The channel of the QEMU guest agent. Default: true. A change: takes effect at the next boot. */
  agent?: Input<boolean>;
  /** A memory balloon that reports the guest's memory statistics. Default: true. A change: takes effect at the next boot. */
  balloon?: Input<boolean>;
  /** For people. Default: none. A change: at once, in the definition. */
  description?: Input<string>;
  /**
   * Whether the domain runs. Default: true. A change: `false` shuts the guest down within `shutdownTimeout` (its plug
   * is never pulled), `true` starts it.
   */
  running?: Input<boolean>;
  /** Whether libvirt starts the domain with the host. Default: false. A change: at once. */
  autostart?: Input<boolean>;
  /**
   * Seconds that the guest gets to shut itself down. On destroy and replace its plug is pulled after that; 0: at once.
   * Default: 60. A change: a setting only.
   */
  shutdownTimeout?: Input<number>;
  /**
   * Lets the plug be pulled when the guest does not shut itself down within `shutdownTimeout`, for `running: false` and
   * for restarts. Default: false. A change: a setting only.
   */
  forceOff?: Input<boolean>;
  /**
   * Takes over a domain of that name that somebody else made, instead of creating one. What the program says otherwise is
   * an update, and refused where it would need a restart; the rest of the domain stays as it is. An adopted domain is
   * never replaced, and stays on destroy. Default: false. A change: nothing.
   */
  adopt?: Input<boolean>;
  /**
   * What destroy does with the domain: `"keep"` leaves it as it is, running or not. Default: `"delete"`; for an adopted
   * domain `"keep"`. A change: a setting only.
   */
  onDelete?: Input<"delete" | "keep">;
  /**
   * The libvirt that runs the domain: `qemu:///system`, `qemu+ssh://user@host/system`, … with libvirt's URI options.
   * Default: the stack's `libvirt:uri`, else the environment's `LIBVIRT_DEFAULT_URI`, else `qemu:///system`; what it was
   * at creation is kept.
   * A change: a setting only, where the same domain answers at the new URI; else an error.
   */
  uri?: Input<string>;
  /**
   * libvirt's domain XML, for all that has no argument here: the arguments that the program names are laid over it.
   * A memory, name or number of vCPUs in it that contradicts them is refused. Default: none.
   * A change: takes effect at the next boot.
   */
  xml?: Input<string>;
}
