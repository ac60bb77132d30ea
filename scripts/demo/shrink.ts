import { memoryDevicesByQemu } from "../../test/support/qemu.ts";
import type { Claim } from "./claim.ts";
import { guestNow, messageWith, ranOn } from "./readings.ts";
import { awaitConsole, editProgram, runPulumi, type Scene } from "./scene.ts";

/** 256 MiB in the unit of the guest's /proc/meminfo. */
const SHRINKAGE_KIB = 256 * 1024;

// The DIMM is unplugged from the running guest.

export async function shrink(scene: Scene): Promise<Claim[]> {
  const { lab, program, console } = scene;
  editProgram(scene, { memory: "512MiB", argument: "hotplug: { targetNode: 1, allowUnplug: true }" });
  const before = guestNow(scene);
  const from = console.text().length;
  const { diagnostics } = await runPulumi(scene, "up");
  await awaitConsole(scene, new RegExp(`GUEST memtotal_kb=${before.memory - SHRINKAGE_KIB} .*`), from);
  const after = guestNow(scene);
  const devices = await memoryDevicesByQemu(lab, program.domain);
  const plan = /\bone 256 MiB DIMM from slot 0\b/.exec(messageWith(diagnostics, "live:"))?.[0];
  return [
    {
      text: "the plan names the DIMM",
      holds: plan !== undefined,
      seen: plan ?? "no DIMM",
    },
    {
      text: "QEMU has no memory device any more",
      holds: devices.length === 0,
      seen: devices.length === 0 ? "no memory device" : devices.map(({ id }) => id).join(", "),
    },
    {
      text: "the guest's MemTotal is exactly 256 MiB less",
      holds: before.memory - after.memory === SHRINKAGE_KIB,
      seen: `${before.memory} → ${after.memory} kB`,
    },
    ranOn(before, after),
  ];
}
