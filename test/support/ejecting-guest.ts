/** Where the chipsets have the registers of ACPI PCI hot-plug: q35, and i440fx. */
const REGISTERS = [0x0cc0, 0xae00];

/** More buses than a domain of the tests has. */
const BUSES = 0x20;

const SECTOR = 512;

/** QEMU writes into the header that setup begins with. */
const CODE_AT = 0x80;

/**
 * A guest in a few bytes, for `boot.kernel` on x86: it releases each PCI device that it is asked for, as an operating system does,
 * and does nothing else. It starts with the BIOS in a moment, in real mode.
 */
export function ejectingGuest(): Buffer {
  const eject = [
    ...[0x66, 0x31, 0xdb], // xor ebx, ebx
    ...[0x8d, 0x56, 0x10], // bus: lea dx, [bp + 16]
    ...[0x66, 0x89, 0xd8], // mov eax, ebx
    ...[0x66, 0xef], // out dx, eax (selects a bus)
    ...[0x8d, 0x56, 0x04], // lea dx, [bp + 4]
    ...[0x66, 0xed], // in eax, dx (the slots to release)
    ...[0x66, 0x85, 0xc0], // test eax, eax
    ...[0x74, 0x05], // jz next
    ...[0x8d, 0x56, 0x08], // lea dx, [bp + 8]
    ...[0x66, 0xef], // out dx, eax (releases the first of them)
    0x43, // next: inc bx
    ...[0x80, 0xfb, BUSES], // cmp bl, BUSES
    ...[0x72, 0xe3], // jb bus
    0xc3, // ret
  ];
  // Every fourth tick of the BIOS's timer, so that many guests leave the processors to others.
  const wait = [
    0xfb, // sti
    0xf4, // tick: hlt
    0x47, // inc di
    ...[0xf7, 0xc7, 0x03, 0x00], // test di, 3
    ...[0x75, 0xf8], // jnz tick
  ];
  const CALL = 6;
  // After the loop, which ends with a jump of two bytes.
  const ejectAt = wait.length + CALL * REGISTERS.length + 2;
  const calls = REGISTERS.flatMap((base, index) => {
    const after = wait.length + CALL * (index + 1);
    return [0xbd, ...word(base), 0xe8, ...word(ejectAt - after)];
  });
  const backToHlt = 1 - ejectAt;
  const code = [...wait, ...calls, 0xeb, backToHlt & 0xff, ...eject];

  // Linux' oldest boot protocol: a boot sector, one sector of setup, which is started, and a kernel that isn't.
  const image = Buffer.alloc(3 * SECTOR);
  image[0x1f1] = 1;
  image.writeUInt16LE(0xaa55, 0x1fe);
  image.set([0xeb, CODE_AT - 2], SECTOR);
  image.set(code, SECTOR + CODE_AT);
  return image;
}

function word(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff];
}
