import type { Kib } from "../units/kib.ts";
import { KIB_PER_MIB } from "../units/kib.ts";
import type { Defaults } from "./defaults.ts";
import type { Inputs } from "./inputs.ts";
import { UNKNOWN } from "./unknown.ts";

/**
 * The smallest memory block of a Linux guest: 128 MiB on x86-64 (arch/x86/mm/init_64.c,
 * MIN_MEMORY_BLOCK_SIZE) and on AArch64 with 4K pages (SECTION_SIZE_BITS 27).
 */
export const SMALLEST_GUEST_BLOCK: Kib = 128 * KIB_PER_MIB;

/** oVirt's default ceiling at creation, as a multiple of the memory. */
const DEFAULT_CEILING_FACTOR = 4;

/**
 * QEMU's x86 CPU models have 40 physical address bits unless the host's are passed on, so a guest's address space
 * ends at 1 TiB; half of it leaves room for the PCI hole and for 1 GiB of alignment a slot.
 */
const EASY_CEILING: Kib = 512 * 1024 * KIB_PER_MIB;

const ARCHES_32_BIT: ReadonlySet<string> = new Set(["i686", "armv7l"]);

/** Seconds that a guest gets to shut itself down. */
export const DEFAULT_SHUTDOWN_TIMEOUT = 60;

/** Seconds that a hook may take. */
export const DEFAULT_HOOK_TIMEOUT = 30;

/** The guest's width: as the program says, else as its architecture has it. Undefined while that isn't known. */
export function guestWidth({ guestWidth: said, arch }: Partial<Inputs>): 32 | 64 | undefined {
  const values: unknown[] = [said, arch];
  if (values.includes(UNKNOWN)) return undefined;
  return said ?? (arch !== undefined && ARCHES_32_BIT.has(arch) ? 32 : 64);
}

/** The most memory that a guest of this width may ever have. */
export function memoryCap(width: 32 | 64, defaults: Defaults): Kib {
  return width === 32 ? defaults.cap32Bit : defaults.cap64Bit;
}

/** The ceiling of a domain whose program names none: 4 × its memory, where every host can start it. */
export function defaultCeiling(memory: Kib, cap: Kib): Kib {
  return Math.max(memory, Math.min(memory * DEFAULT_CEILING_FACTOR, cap, Math.max(EASY_CEILING, memory)));
}
