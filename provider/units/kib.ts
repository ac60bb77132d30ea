/** A memory size in KiB, as libvirt counts: up to 2^53-1 KiB, so it is an exact number. */
export type Kib = number;

export const KIB_PER_MIB = 1024;
export const KIB_PER_GIB = 1024 * KIB_PER_MIB;

export function sum(sizes: readonly Kib[]): Kib {
  return sizes.reduce((total, size) => total + size, 0);
}
