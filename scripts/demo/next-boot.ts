import { shutDown } from "../../test/lab/shut-down.ts";
import type { Claim } from "./claim.ts";
import { say } from "./page.ts";
import { cellsIn, guestNow, memoryDevicesIn, messageWith, opsOf, outputOf } from "./readings.ts";
import { awaitConsole, editProgram, runPulumi, type Scene, waitForGuest } from "./scene.ts";

// A size that can't be plugged is kept for the next boot.

export async function previewNextBoot(scene: Scene): Promise<Claim[]> {
  editProgram(scene, { memory: "1300MiB", argument: 'hotplug: { whenNotPossible: "nextBoot" }' });
  const { steps, diagnostics } = await runPulumi(scene, "preview", { diff: true });
  const ops = opsOf(scene, steps);
  const plan = messageWith(diagnostics, "next boot:");
  const when = /[^;,:\n]*\bshut ?down\b[^;\n]*/.exec(plan)?.[0].trim();
  return [
    { text: "the preview announces an update, no replacement", holds: ops === "update", seen: ops },
    { text: "it states when it takes effect", holds: when !== undefined, seen: when ?? "no message" },
  ];
}

export async function deferGrowth(scene: Scene): Promise<Claim[]> {
  const before = guestNow(scene);
  await runPulumi(scene, "up");
  const after = guestNow(scene);
  const pending = await outputOf(scene, "pendingMemory");
  return [
    {
      text: "pendingMemory is the size for the next boot",
      holds: pending === "1300MiB",
      seen: String(pending),
    },
    {
      text: "the VM keeps running unchanged",
      holds: before.pid !== undefined && after.pid === before.pid && after.memory === before.memory,
      seen: `QEMU ${before.pid} before, ${after.pid} after; MemTotal ${after.memory} kB`,
    },
  ];
}

export async function shutDownAndStart(scene: Scene): Promise<Claim[]> {
  const { lab, program } = scene;
  const { domain } = program;
  const before = guestNow(scene);
  say(`  virsh shutdown ${domain}`);
  await waitForGuest(scene, shutDown(lab, domain, { timeoutMs: 60_000 }));
  say(`  virsh start ${domain}`);
  // QEMU truncates the console's file.
  await lab.virsh("start", domain);
  await awaitConsole(scene, /GUEST memtotal.*/, 0);
  const after = guestNow(scene);
  const live = await lab.virsh("dumpxml", domain);
  const [base] = cellsIn(live);
  const devices = memoryDevicesIn(live);
  return [
    {
      text: "1300 MiB are base memory now, and every slot is free",
      holds: base === 1300 && devices === 0 && after.pid !== before.pid,
      seen: `base ${base} MiB, ${devices} memory devices; QEMU ${before.pid} before, ${after.pid} after`,
    },
    {
      text: "the guest's MemTotal is larger",
      holds: after.memory > before.memory,
      seen: `${before.memory} → ${after.memory} kB`,
    },
  ];
}

export async function refreshPending(scene: Scene): Promise<Claim[]> {
  await runPulumi(scene, "refresh");
  const pending = await outputOf(scene, "pendingMemory");
  const live = await outputOf(scene, "liveMemory");
  return [
    {
      text: "nothing is pending",
      holds: pending === undefined && live === "1300MiB",
      seen: `pendingMemory ${pending ?? "none"}, liveMemory ${live}`,
    },
  ];
}
