import type { Kib } from "../domain/state.ts";
import { KIB_PER_MIB } from "./size.ts";

/** oVirt's default for both: HotPlugMemoryBlockSizeMb on ppc, and what its documentation teaches for all. */
export const DEFAULT_ALIGNMENT: Kib = 256 * KIB_PER_MIB;

/**
 * The smallest memory block of a Linux guest: 128 MiB on x86-64 (arch/x86/mm/init_64.c,
 * MIN_MEMORY_BLOCK_SIZE) and on AArch64 with 4K pages (SECTION_SIZE_BITS 27).
 */
export const SMALLEST_GUEST_BLOCK: Kib = 128 * KIB_PER_MIB;

/** oVirt's default number of memory slots (its MaxMemorySlots). */
export const DEFAULT_SLOTS = 16;

/** oVirt's default ceiling at creation, as a multiple of the memory. */
const DEFAULT_CEILING_FACTOR = 4;

/** oVirt's VM32BitMaxMemorySizeInMB and VM64BitMaxMemorySizeInMB. */
const CAP_32_BIT: Kib = 20_480 * KIB_PER_MIB;
const CAP_64_BIT: Kib = 4_194_304 * KIB_PER_MIB;

const ARCHES_32_BIT: ReadonlySet<string> = new Set(["i686", "armv7l"]);

/** Seconds that a guest gets to shut itself down before its plug is pulled on delete. */
export const DEFAULT_SHUTDOWN_TIMEOUT = 60;

/** The most memory that a guest of this architecture may ever have; 64 bits when the host decides the architecture. */
export function memoryCap(arch: string | undefined): { cap: Kib; bits: 32 | 64 } {
  return arch !== undefined && ARCHES_32_BIT.has(arch)
    ? { cap: CAP_32_BIT, bits: 32 }
    : { cap: CAP_64_BIT, bits: 64 };
}

/** The ceiling of a domain whose program names none. */
export function defaultCeiling(memory: Kib, arch: string | undefined): Kib {
  return Math.max(memory, Math.min(memory * DEFAULT_CEILING_FACTOR, memoryCap(arch).cap));
}
