import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { bootMemoryEnd } from "../../provider/plan/guest-block.ts";
import { KIB_PER_MIB } from "../../provider/units/kib.ts";

const QEMU = "qemu-system-x86_64";

/** Where QEMU puts the boot memory of a machine that isn't started, by its monitor; in KiB. Nothing of it is allocated. */
async function endByQemu(machine: string, mib: number): Promise<number> {
  const qemu = spawn(QEMU, [
    ...[
      "-machine",
      `${machine},memory-backend=boot`,
      "-m",
      `${mib}M`,
      "-S",
      "-nodefaults",
      "-display",
      "none",
    ],
    ...["-object", `memory-backend-ram,id=boot,size=${mib}M,reserve=off`, "-monitor", "stdio"],
  ]);
  let printed = "";
  qemu.stdout.on("data", (data: Buffer) => {
    printed += data.toString();
  });
  qemu.stdin.end("info mtree -f\nquit\n");
  await new Promise((resolve) => qemu.on("close", resolve));
  const regions = [...printed.matchAll(/^ *[0-9a-f]{16}-([0-9a-f]{16}) \(prio \d+, (?:ram|rom)\): boot\b/gm)];
  const ends = regions.map(([, last]) => (BigInt(`0x${last}`) + 1n) / 1024n);
  return Math.max(0, ...ends.map(Number));
}

test.each([
  ...[1024, 2815, 2816, 3072, 4096, 62 * 1024, 65 * 1024].map((mib) => ["q35", mib] as const),
  ...[1024, 3583, 3584, 4096, 62 * 1024, 70 * 1024].map((mib) => ["pc", mib] as const),
  ...[1024, 4096, 63 * 1024].map((mib) => ["microvm", mib] as const),
])("the boot memory of a %s with %d MiB ends where QEMU puts it", async (machine, mib) => {
  expect(bootMemoryEnd(mib * KIB_PER_MIB, machine)).toBe(await endByQemu(machine, mib));
});
