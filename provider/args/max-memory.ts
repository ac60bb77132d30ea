import type { Kib } from "../units/kib.ts";
import { KIB_PER_GIB } from "../units/kib.ts";
import type { Inputs } from "./inputs.ts";
import type { Defaults } from "./settings.ts";
import { UNKNOWN } from "./unknown.ts";

/** oVirt's default for `maxMemory`, as a multiple of the memory. */
const DEFAULT_FACTOR = 4;

/**
 * QEMU's x86 CPU models have 40 physical address bits unless they pass on the host's, so a guest's address space ends
 * at 1 TiB. Half of it leaves room for the PCI hole and for 1 GiB of alignment per slot.
 */
const STARTS_ON_ANY_HOST: Kib = 512 * KIB_PER_GIB;

const ARCHES_32_BIT: ReadonlySet<string> = new Set(["i686", "armv7l"]);

/** The guest's width: the argument, else what the architecture implies. Undefined while that isn't known. */
export function guestWidth({ guestWidth: given, arch }: Partial<Inputs>): 32 | 64 | undefined {
  const values: unknown[] = [given, arch];
  if (values.includes(UNKNOWN)) return undefined;
  return given ?? (arch !== undefined && ARCHES_32_BIT.has(arch) ? 32 : 64);
}

/** The most memory that the stack allows a guest of this width. */
export function memoryCap(width: 32 | 64, defaults: Defaults): Kib {
  return width === 32 ? defaults.maxMemory32Bit : defaults.maxMemory64Bit;
}

/** The default of `maxMemory`: 4 × the memory, limited to what every host can start. */
export function defaultMaxMemory(memory: Kib, cap: Kib): Kib {
  return Math.max(memory, Math.min(memory * DEFAULT_FACTOR, cap, Math.max(STARTS_ON_ANY_HOST, memory)));
}
