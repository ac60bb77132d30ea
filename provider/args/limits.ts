import type { Kib } from "../units/kib.ts";
import { KIB_PER_MIB } from "../units/kib.ts";

/** libvirt's limit (qemuDomainDefValidateMemoryHotplug, "unsupported amount of memory slots"). */
export const MAX_SLOTS = 256;

/** QEMU's limit for its largest machine types; the host's libvirt may allow fewer. */
export const MAX_VCPUS = 4096;

/** Without extended interrupt mode, which needs an IOMMU, an x86 domain has interrupts for this many (libvirt 9.0). */
export const MAX_VCPUS_X86 = 255;

/** More disks, or network interfaces, than any machine type has addresses for. */
export const MAX_DEVICES = 1024;

/** Root ports on bus 0: 29 free slots with 8 functions each, of which other devices take some. */
export const MAX_HOTPLUG_PORTS = 128;

/** libvirt's boot orders are positive numbers, each at most once; a domain has no more devices. */
export const MAX_BOOT_ORDER = 2 * MAX_DEVICES;

/** Arguments of a hook. */
export const MAX_HOOK_ARGUMENTS = 1024;

/** Linux distributions build for up to 1024 nodes (CONFIG_NODES_SHIFT 10). */
export const MAX_NODES = 1024;

/** Seconds: an hour. */
export const MAX_AWAIT_GUEST = 3_600;
export const MAX_HOOK_TIMEOUT = 3_600;

/** Seconds: the engine checks one resource after the other, and waits for each. */
export const MAX_LOOK_TIMEOUT = 600;

/** Seconds: a day. */
export const MAX_SHUTDOWN_TIMEOUT = 86_400;

/** Seconds that a guest gets to shut down. */
export const DEFAULT_SHUTDOWN_TIMEOUT = 60;

/** Seconds that a hook may take. */
export const DEFAULT_HOOK_TIMEOUT = 30;

/**
 * The smallest memory block of a Linux guest: 128 MiB on x86-64 (arch/x86/mm/init_64.c, MIN_MEMORY_BLOCK_SIZE) and on
 * AArch64 with pages of 4 KiB (SECTION_SIZE_BITS 27).
 */
export const SMALLEST_GUEST_BLOCK: Kib = 128 * KIB_PER_MIB;

/** Whether a guest's memory blocks can have this size. */
export function isBlockSize(size: Kib): boolean {
  return size >= SMALLEST_GUEST_BLOCK && Number.isInteger(Math.log2(size / KIB_PER_MIB));
}
