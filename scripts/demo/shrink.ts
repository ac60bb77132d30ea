import { memoryDevicesByQemu } from "../../test/support/qemu.ts";
import type { Claim } from "./claim.ts";
import { guestNow, ranOn, said } from "./readings.ts";
import { editProgram, runPulumi, type Scene, showGuest } from "./scene.ts";

/** 256 MiB in the unit of the guest's /proc/meminfo. */
const SHRINKAGE_KIB = 256 * 1024;

// What went up comes down: the DIMM is taken out of the running guest.

export async function shrink(scene: Scene): Promise<Claim[]> {
  const { lab, program, console } = scene;
  editProgram(scene, { memory: "512MiB", argument: "hotplug: { targetNode: 1, allowUnplug: true }" });
  const before = guestNow(scene);
  const told = console.text().length;
  const { diagnostics } = await runPulumi(scene, "up");
  await showGuest(scene, new RegExp(`GUEST memtotal_kb=${before.memory - SHRINKAGE_KIB} .*`), told);
  const after = guestNow(scene);
  const devices = await memoryDevicesByQemu(lab, program.domain);
  const plan = /hot-unplug .*?(?=;)/.exec(said(diagnostics, "hot-unplug"))?.[0] ?? "";
  return [
    {
      text: "the plan named the DIMM",
      holds: plan.startsWith("hot-unplug 256 MiB as 1 DIMM out of slot 0"),
      seen: plan,
    },
    {
      text: "it is gone, by QEMU's word",
      holds: devices.length === 0,
      seen: devices.length === 0 ? "no memory device" : devices.map(({ id }) => id).join(", "),
    },
    {
      text: "the guest's own MemTotal is exactly 256 MiB less",
      holds: before.memory - after.memory === SHRINKAGE_KIB,
      seen: `${before.memory} → ${after.memory} kB`,
    },
    ranOn(before, after),
  ];
}
