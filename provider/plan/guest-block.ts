import { KIB_PER_MIB, type Kib } from "../units/kib.ts";
import { formatSize } from "../units/size.ts";

const GIB: Kib = 1024 * KIB_PER_MIB;

/** From this end address of boot memory on, Linux on x86-64 uses larger memory blocks (arch/x86/mm/init_64.c, MEM_SIZE_FOR_LARGE_BLOCK). */
const LARGE_GUEST: Kib = 64 * GIB;
/** The largest of them (MAX_BLOCK_SIZE). */
const LARGE_BLOCK: Kib = 2 * GIB;
/** pseries: a logical memory block (QEMU SPAPR_MEMORY_BLOCK_SIZE). */
const POWER_BLOCK: Kib = 256 * KIB_PER_MIB;
/** x86-64 (MIN_MEMORY_BLOCK_SIZE), and AArch64 with pages of 4 KiB. */
const SMALL_BLOCK: Kib = 128 * KIB_PER_MIB;

/** What decides about a guest's memory blocks, besides its boot memory. */
interface GuestPlatform {
  arch?: string;
  /** As the program or libvirt names it. */
  machine?: string;
}

/**
 * The guest's memory block: as its agent reported it, else by its kernel's rule; and why it is more than the smallest.
 *
 * @param bootMemory the base memory that the domain was started with
 * @param reported by the guest agent
 */
export function guestBlock(
  { arch, machine }: GuestPlatform,
  bootMemory: Kib,
  reported?: Kib,
): { size: Kib; why?: string } {
  if (reported !== undefined)
    return { size: reported, why: "the guest's memory block, reported by the guest agent" };
  if (arch === "x86_64") return x86Block(bootMemoryEnd(bootMemory, machine));
  if (arch?.startsWith("ppc64")) return { size: POWER_BLOCK, why: "the memory block of POWER guests" };
  return { size: SMALL_BLOCK };
}

/** Linux in a virtual machine: the largest block that boot memory ends at a multiple of (probe_memory_block_size). */
function x86Block(end: Kib): { size: Kib; why?: string } {
  let size = end < LARGE_GUEST ? SMALL_BLOCK : LARGE_BLOCK;
  while (size > SMALL_BLOCK && end % size !== 0) size /= 2;
  return size === SMALL_BLOCK
    ? { size }
    : { size, why: `the memory block of a guest whose boot memory ends at ${formatSize(end)}` };
}

/** Where boot memory ends in the address space of an x86-64 guest: what doesn't fit below the PCI hole is above 4 GiB. */
export function bootMemoryEnd(memory: Kib, machine: string | undefined): Kib {
  const { most, split } = lowMemory(machine);
  return memory < most ? memory : memory + 4 * GIB - split;
}

/**
 * How much memory is below 4 GiB: all of it if there is less than `most`, else `split` of it (QEMU: hw/i386/pc_q35.c,
 * pc_piix.c and microvm.c, lowmem; gigabyte_align since the machine types of 2.0).
 */
function lowMemory(machine = "q35"): { most: Kib; split: Kib } {
  const isOld = /-[01]\.\d+$/.test(machine);
  if (machine.includes("q35")) return { most: 2.75 * GIB, split: isOld ? 2.75 * GIB : 2 * GIB };
  if (machine.startsWith("microvm")) return { most: 3 * GIB, split: 3 * GIB };
  return { most: 3.5 * GIB, split: isOld ? 3.5 * GIB : 3 * GIB };
}

/** How far a domain's memory is rounded up when it starts: to a block on POWER, to 1 MiB on all others. */
export function bootRounding({ arch }: { arch?: string }): Kib {
  return arch?.startsWith("ppc64") ? POWER_BLOCK : KIB_PER_MIB;
}
