/**
 * A memory size: text with a binary unit (KiB, MiB, GiB, TiB, PiB, or K, M, G, T, P) or a decimal one (kB, MB, GB, TB,
 * PB), or a number of MiB. It must be a whole number of MiB: `"4GB"` is refused, and the error names the two nearest
 * sizes.
 */
export type Size = string | number;
