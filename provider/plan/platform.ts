import type { PlugDevice } from "../args/settings.ts";
import type { Kib } from "../units/kib.ts";
import { KIB_PER_MIB } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import type { Reason } from "./plan.ts";

/** What decides whether a guest can take memory while it runs. */
export interface Platform {
  arch?: string;
  /** As the program or libvirt names it: q35, pc-q35-7.2, virt, … */
  machine?: string;
  acpi: boolean;
  uefi: boolean;
}

const NO_ACPI: Reason = {
  code: "no-acpi",
  text: "the domain has no ACPI, by which the guest learns of new memory",
};
const NARROW: Reason = { code: "32-bit-guest", text: "a 32-bit guest can't take memory while it runs" };

/** Why guests of an architecture can't be plugged, or undefined where they can. */
const RULES: Readonly<Record<string, (platform: Platform) => Reason | undefined>> = {
  // QEMU docs/system/i386/microvm.rst: no memory hot-plug.
  x86_64: ({ machine, acpi }) =>
    machine?.startsWith("microvm")
      ? { code: "machine-unsupported", text: "the machine type microvm has no memory hot-plug" }
      : acpi
        ? undefined
        : NO_ACPI,
  // QEMU hw/arm/virt.c: «missing acpi-ged device» without ACPI, which AArch64 guests have with UEFI alone.
  aarch64: ({ machine = "virt", acpi, uefi }) =>
    !machine.startsWith("virt")
      ? {
          code: "machine-unsupported",
          text: `of aarch64's machine types virt alone has memory hot-plug, not ${machine}`,
        }
      : uefi && acpi
        ? undefined
        : {
            code: "no-acpi",
            text: 'an aarch64 guest learns of new memory by ACPI, which it has with UEFI alone (firmware: "uefi")',
          },
  ppc64: pseries,
  ppc64le: pseries,
  s390x: () => ({ code: "arch-unsupported", text: "s390x has no DIMMs" }),
  riscv64: () => ({ code: "arch-unsupported", text: "riscv64's machine types have no memory hot-plug" }),
  // Linux: CONFIG_MEMORY_HOTPLUG depends on 64BIT (mm/Kconfig).
  i686: () => NARROW,
  armv7l: () => NARROW,
};

function pseries({ machine = "pseries" }: Platform): Reason | undefined {
  return machine.startsWith("pseries")
    ? undefined
    : {
        code: "machine-unsupported",
        text: `of POWER's machine types pseries alone has memory hot-plug, not ${machine}`,
      };
}

/** Why this guest can't take memory while it runs; undefined where it can. An unknown architecture is taken to be able. */
export function platformReason(platform: Platform, width: 32 | 64): Reason | undefined {
  if (width === 32) return NARROW;
  return RULES[platform.arch ?? ""]?.(platform);
}

/**
 * Where virtio-mem was seen to work: x86-64 (QEMU 6.0), AArch64 (QEMU 7.2; Linux has it from 5.18 on). QEMU has none for
 * POWER; s390x and RISC-V got theirs in QEMU 10.0 and 9.2, with devices and block sizes of their own.
 */
const VIRTIO_MEM_ARCHES: ReadonlySet<string> = new Set(["x86_64", "aarch64"]);

/** Why what a program adds memory with doesn't work on a platform; undefined where it does. */
export function pluggingReason(
  { width, device }: { width: 32 | 64; device: PlugDevice },
  platform: Platform,
): Reason | undefined {
  const { arch = "" } = platform;
  const unfit = device === "virtio-mem" && arch !== "" && width === 64 && !VIRTIO_MEM_ARCHES.has(arch);
  if (unfit)
    return {
      code: "virtio-mem-unsupported",
      text: `virtio-mem is for x86_64 and aarch64 guests here, not for ${arch}`,
    };
  return platformReason(platform, width);
}

/** From this much boot memory on, Linux on x86-64 uses larger memory blocks (arch/x86/mm/init_64.c, MEM_SIZE_FOR_LARGE_BLOCK). */
const LARGE_GUEST: Kib = 64 * 1024 * KIB_PER_MIB;
/** The largest of them (MAX_BLOCK_SIZE). */
const LARGE_BLOCK: Kib = 2 * 1024 * KIB_PER_MIB;
/** pseries: a logical memory block (QEMU SPAPR_MEMORY_BLOCK_SIZE). */
const POWER_BLOCK: Kib = 256 * KIB_PER_MIB;
/** x86-64, and AArch64 with pages of 4 KiB. */
const SMALL_BLOCK: Kib = 128 * KIB_PER_MIB;

/**
 * The guest's own memory block: as its agent says, else by the rule of thumb of its kernel; and why it is more than the
 * smallest.
 *
 * @param said by the agent
 */
export function guestBlock(
  arch: string | undefined,
  bootMemory: Kib,
  said?: Kib,
): { size: Kib; why?: string } {
  if (said !== undefined) return { size: said, why: "the memory block of this guest, by its agent" };
  if (arch === "x86_64" && bootMemory >= LARGE_GUEST)
    return {
      size: LARGE_BLOCK,
      why: `the memory block of a guest that was started with ${formatMib(LARGE_GUEST)} or more`,
    };
  if (arch?.startsWith("ppc64")) return { size: POWER_BLOCK, why: "POWER's memory block" };
  return { size: SMALL_BLOCK };
}

/** The machine types that start with a node of 0 KiB: up to 5.0, as measured; later ones refuse a memory back end of size 0. */
export function takesEmptyNode(machine: string | undefined): boolean {
  const version = /-(\d+)\.(\d+)(?:\.\d+)?$/.exec(machine ?? "");
  if (version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major < 5 || (major === 5 && minor === 0);
}
