import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Claim } from "./claim.ts";
import { say } from "./page.ts";
import {
  cellsIn,
  guestNow,
  guestReport,
  memoryDevicesIn,
  messageWith,
  opsOf,
  outcomeOf,
} from "./readings.ts";
import { agentIsThere, awaitConsole, editProgram, runPulumi, type Scene, showProgram } from "./scene.ts";

/** What `pulumi preview --json` printed of the growth, by its path in the repository. */
const PREVIEW = ".cache/demo-preview.json";

/** Prints its review. The README has this command. */
export const REVIEW_COMMAND = `node scripts/ready.mjs provider/cli.ts review ${PREVIEW}`;

/** 256 MiB in the unit of the guest's /proc/meminfo. */
const GROWTH_KIB = 256 * 1024;

export async function create(scene: Scene): Promise<Claim[]> {
  showProgram(scene);
  await runPulumi(scene, "up");
  await awaitConsole(scene, /GUEST memtotal.*/, 0);
  await awaitConsole(scene, /GUEST disks vda=.*/, 0);
  const { memory, cpus, disk } = guestNow(scene);
  return [
    {
      text: "the guest has booted",
      holds: !Number.isNaN(memory),
      seen: `MemTotal ${memory} kB, CPUs ${cpus}, a disk of ${disk} kB`,
    },
  ];
}

export async function previewGrowth(scene: Scene): Promise<Claim[]> {
  editProgram(scene, { memory: "1259MiB", values: { vcpus: 4, size: "2GiB" } });
  const { steps, diagnostics, json } = await runPulumi(scene, "preview", { diff: true, json: true });
  const file = join(import.meta.dirname, "../..", PREVIEW);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(json));
  const plan = messageWith(diagnostics, "1003 → 1259 MiB");
  const ops = opsOf(scene, steps);
  const inJson = plan !== "" && JSON.stringify(json).includes(JSON.stringify(plan).slice(1, -1));
  return [
    { text: "the preview announces an update, no replacement", holds: ops === "update", seen: ops },
    { text: "it is live", holds: outcomeOf(plan) === "live", seen: outcomeOf(plan) },
    ...["vCPUs 2 → 4", "1 → 2 GiB"].map((change) => ({
      text: "one plan has all of it",
      holds: plan.includes(change),
      seen: plan.includes(change) ? change : `no ${change}`,
    })),
    { text: "preview --json has the same plan", holds: inJson, seen: inJson ? "yes" : "no" },
  ];
}

export async function grow(scene: Scene): Promise<Claim[]> {
  const { console } = scene;
  const before = guestNow(scene);
  const reportBefore = await guestReport(scene);
  const from = console.text().length;
  await agentIsThere(scene);
  const { diagnostics } = await runPulumi(scene, "up");
  await awaitConsole(scene, new RegExp(`GUEST memtotal_kb=(?!${before.memory} ).*`), from);
  await awaitConsole(scene, /GUEST cpus=0-3\s/, from);
  await awaitConsole(scene, new RegExp(`GUEST disks vda=(?!${before.disk}\\b).*`), from);
  const after = guestNow(scene);
  const reportAfter = await guestReport(scene);
  const confirmed = /[^;]*1259 MiB[^;]*/.exec(messageWith(diagnostics, "attached"))?.[0].trim() ?? "";
  const growth = after.memory - before.memory;
  const { boots } = after;
  return [
    {
      text: "the update ends when the guest agent confirms it",
      holds: /\bagent\b/.test(confirmed),
      seen: confirmed || "no message about it",
    },
    {
      text: "the outputs have what the agent reported",
      holds: reportAfter === "1259MiB (agent)",
      seen: `${reportBefore} → ${reportAfter}`,
    },
    {
      text: "the guest's MemTotal grew by exactly 256 MiB",
      holds: growth === GROWTH_KIB,
      seen: `${before.memory} → ${after.memory} kB, +${growth} kB`,
    },
    {
      text: "the guest has two CPUs more",
      holds: before.cpus === "0-1" && after.cpus === "0-3",
      seen: `CPUs ${before.cpus} → ${after.cpus}`,
    },
    {
      text: "the guest's disk is twice as large",
      holds: after.disk === 2 * before.disk,
      seen: `${before.disk} → ${after.disk} kB`,
    },
    {
      text: "the QEMU process is the same",
      holds: before.pid !== undefined && after.pid === before.pid,
      seen: `${before.pid} before, ${after.pid} after`,
    },
    {
      text: "the guest's uptime goes on",
      holds: after.uptime > before.uptime && boots === 1,
      seen: `${before.uptime} → ${after.uptime} s, booted ${boots === 1 ? "once" : `${boots} times`}`,
    },
  ];
}

export async function nextBoot({ lab, program, verbose }: Scene): Promise<Claim[]> {
  const inactive = await lab.virsh("dumpxml", "--inactive", program.domain);
  const live = await lab.virsh("dumpxml", program.domain);
  if (verbose) {
    say(`  virsh dumpxml --inactive ${program.domain}:`);
    for (const [line] of inactive.matchAll(/^ *<(maxMemory|memory|currentMemory|cell) .*$/gm))
      say(`    ${line}`);
  }
  const [base] = cellsIn(inactive);
  const devices = memoryDevicesIn(inactive);
  return [
    {
      text: "the definition has 1259 MiB of base memory, and every slot is free",
      holds: base === 1259 && devices === 0,
      seen: `base ${base} MiB, ${devices} memory devices (${memoryDevicesIn(live)} in the running VM)`,
    },
  ];
}

export async function upAgain(scene: Scene): Promise<Claim[]> {
  const { ok, steps } = await runPulumi(scene, "up", { expectNoChanges: true });
  return [{ text: "there is nothing to do", holds: ok, seen: opsOf(scene, steps) }];
}

export async function refresh(scene: Scene): Promise<Claim[]> {
  const { ok, steps } = await runPulumi(scene, "refresh", { expectNoChanges: true });
  return [{ text: "no drift: the state matches libvirt", holds: ok, seen: opsOf(scene, steps) }];
}

export async function previewReplace(scene: Scene): Promise<Claim[]> {
  editProgram(scene, { memory: "1300MiB" });
  const { steps, diagnostics } = await runPulumi(scene, "preview", { diff: true });
  scene.program.edit({ memory: "1259MiB" });
  const plan = messageWith(diagnostics, "replace:");
  const ops = opsOf(scene, steps);
  const reason = /\b\w+ \w+ multiple of 256 MiB/.exec(plan)?.[0];
  const nearest = /\b1515 MiB/.exec(plan)?.[0];
  return [
    { text: "the preview announces a replacement", holds: /\breplace\b/.test(ops), seen: ops },
    { text: "it gives the reason", holds: reason !== undefined, seen: reason ?? "no reason" },
    {
      text: "it names the nearest size that is live",
      holds: nearest !== undefined,
      seen: nearest ?? "none",
    },
  ];
}

export async function destroy(scenes: readonly Scene[]): Promise<Claim[]> {
  const left: string[] = [];
  for (const scene of scenes) {
    const { lab, program } = scene;
    await runPulumi(scene, "destroy");
    const domains = await lab.virsh("list", "--all", "--name");
    if (domains.split("\n").includes(program.domain)) left.push(program.domain);
    const pid = lab.qemuPid(program.domain);
    if (pid !== undefined) left.push(`QEMU ${pid}`);
  }
  const seen = left.length === 0 ? "no domain, no QEMU" : left.join(", ");
  return [{ text: "nothing is left", holds: left.length === 0, seen }];
}
