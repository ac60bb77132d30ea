import type { Claim } from "./claim.ts";
import { say } from "./page.ts";
import { cellsIn, guestNow, guestWord, memoryDevicesIn, opsOf, said } from "./readings.ts";
import { agentIsThere, editProgram, runPulumi, type Scene, showGuest, showProgram } from "./scene.ts";

/** 256 MiB in the unit of the guest's /proc/meminfo. */
const GROWTH_KIB = 256 * 1024;

export async function create(scene: Scene): Promise<Claim[]> {
  showProgram(scene);
  await runPulumi(scene, "up");
  await showGuest(scene, /GUEST memtotal.*/, 0);
  const memory = scene.console.memTotalKib();
  return [{ text: "the guest has booted", holds: memory !== undefined, seen: `MemTotal ${memory} kB` }];
}

export async function previewGrowth(scene: Scene): Promise<Claim[]> {
  editProgram(scene, { memory: "1259MiB" });
  const { steps, diagnostics, json } = await runPulumi(scene, "preview", { diff: true, json: true });
  const plan = /hot-plug .*/.exec(said(diagnostics, "hot-plug"))?.[0] ?? "";
  const ops = opsOf(scene, steps);
  const inJson = plan !== "" && JSON.stringify(json).includes(plan);
  return [
    { text: "the preview announces an update, no replacement", holds: ops === "update", seen: ops },
    { text: "and that it is live", holds: plan.endsWith("no restart"), seen: plan },
    { text: "preview --json has that sentence too", holds: inJson, seen: inJson ? "yes" : "no" },
  ];
}

export async function grow(scene: Scene): Promise<Claim[]> {
  const { console } = scene;
  const before = guestNow(scene);
  const wordBefore = await guestWord(scene);
  const told = console.text().length;
  await agentIsThere(scene);
  const { diagnostics } = await runPulumi(scene, "up");
  await showGuest(scene, new RegExp(`GUEST memtotal_kb=(?!${before.memory} ).*`), told);
  const after = guestNow(scene);
  const wordAfter = await guestWord(scene);
  const sentence = said(diagnostics, "confirmed by the guest");
  const growth = after.memory - before.memory;
  const { boots } = after;
  return [
    {
      text: "the update ended with the guest's word, not with libvirt's",
      holds: sentence.endsWith("confirmed by the guest agent: 1259 MiB"),
      seen: sentence,
    },
    {
      text: "which the outputs have too",
      holds: wordAfter === "1259MiB by its agent",
      seen: `${wordBefore} → ${wordAfter}`,
    },
    {
      text: "the guest's own MemTotal grew by exactly 256 MiB",
      holds: growth === GROWTH_KIB,
      seen: `${before.memory} → ${after.memory} kB, +${growth} kB`,
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

export async function nextBoot({ lab, program }: Scene): Promise<Claim[]> {
  const inactive = await lab.virsh("dumpxml", "--inactive", program.domain);
  const live = await lab.virsh("dumpxml", program.domain);
  say(`  virsh dumpxml --inactive ${program.domain}:`);
  for (const [line] of inactive.matchAll(/^ *<(maxMemory|memory|currentMemory|cell) .*$/gm))
    say(`    ${line}`);
  const [base] = cellsIn(inactive);
  const devices = memoryDevicesIn(inactive);
  return [
    {
      text: "1259 MiB are base memory then, and every slot is free",
      holds: base === 1259 && devices === 0,
      seen: `base ${base} MiB, ${devices} memory devices (${memoryDevicesIn(live)} in the running VM)`,
    },
  ];
}

export async function upAgain(scene: Scene): Promise<Claim[]> {
  const { ok, steps } = await runPulumi(scene, "up", { expectNoChanges: true });
  return [{ text: "there is nothing left to do", holds: ok, seen: opsOf(scene, steps) }];
}

export async function refresh(scene: Scene): Promise<Claim[]> {
  const { ok, steps } = await runPulumi(scene, "refresh", { expectNoChanges: true });
  return [{ text: "no drift: the state says what libvirt has", holds: ok, seen: opsOf(scene, steps) }];
}

export async function previewReplace(scene: Scene): Promise<Claim[]> {
  editProgram(scene, { memory: "1300MiB" });
  const { steps, diagnostics } = await runPulumi(scene, "preview", { diff: true });
  scene.program.edit({ memory: "1259MiB" });
  const sentence = said(diagnostics, "no multiple");
  const ops = opsOf(scene, steps);
  const reason = /41 MiB is no multiple of 256 MiB/.exec(sentence)?.[0];
  const nearest = /1259 MiB[^;]*; 1515 MiB/.exec(sentence)?.[0];
  return [
    { text: "the preview announces a replacement", holds: /\breplace\b/.test(ops), seen: ops },
    { text: "and why", holds: reason !== undefined, seen: reason ?? "no word of it" },
    { text: "and the nearest sizes that are live", holds: nearest !== undefined, seen: nearest ?? "none" },
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
