import type { RunResult } from "../../test/engine/driver.ts";
import { say } from "./page.ts";
import { editMemory, runPulumi, type Scene, showGuest } from "./scene.ts";
import type { Claim } from "./walk.ts";

/** 256 MiB in the unit of the guest's /proc/meminfo. */
const GROWTH_KIB = 256 * 1024;

export async function create(scene: Scene): Promise<Claim[]> {
  say("  index.ts:");
  for (const line of scene.program.text().trimEnd().split("\n")) say(`    ${line}`);
  say();
  await runPulumi(scene, "up");
  await showGuest(scene, /GUEST memtotal.*/, 0);
  const memory = scene.console.memTotalKib();
  return [{ text: "the guest has booted", holds: memory !== undefined, seen: `MemTotal ${memory} kB` }];
}

export async function previewGrowth(scene: Scene): Promise<Claim[]> {
  editMemory(scene, "1259MiB");
  const { steps, diagnostics, json } = await runPulumi(scene, "preview", { diff: true, json: true });
  const plan = /hot-plug .*/.exec(said(diagnostics, "hot-plug"))?.[0] ?? "";
  const ops = opsOf(steps);
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
  const said = console.text().length;
  await runPulumi(scene, "up");
  await showGuest(scene, new RegExp(`GUEST memtotal_kb=(?!${before.memory} ).*`), said);
  const after = guestNow(scene);
  const growth = after.memory - before.memory;
  const boots = [...console.text().matchAll(/GUEST booted/g)].length;
  return [
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

export async function nextBoot({ lab }: Scene): Promise<Claim[]> {
  const inactive = await lab.virsh("dumpxml", "--inactive", "web-1");
  const live = await lab.virsh("dumpxml", "web-1");
  say("  virsh dumpxml --inactive web-1:");
  for (const [line] of inactive.matchAll(/^ *<(maxMemory|memory|currentMemory|cell) .*$/gm))
    say(`    ${line}`);
  const base = Number(/<cell [^>]*memory='(\d+)' unit='KiB'/.exec(inactive)?.[1]) / 1024;
  const devices = memoryDevices(inactive);
  return [
    {
      text: "1259 MiB are base memory then, and every slot is free",
      holds: base === 1259 && devices === 0,
      seen: `base ${base} MiB, ${devices} memory devices (${memoryDevices(live)} in the running VM)`,
    },
  ];
}

export async function upAgain(scene: Scene): Promise<Claim[]> {
  const { ok, steps } = await runPulumi(scene, "up", { expectNoChanges: true });
  return [{ text: "there is nothing left to do", holds: ok, seen: opsOf(steps) }];
}

export async function refresh(scene: Scene): Promise<Claim[]> {
  const { ok, steps } = await runPulumi(scene, "refresh", { expectNoChanges: true });
  return [{ text: "no drift: the state says what libvirt has", holds: ok, seen: opsOf(steps) }];
}

export async function previewReplace(scene: Scene): Promise<Claim[]> {
  editMemory(scene, "1300MiB");
  const { steps, diagnostics } = await runPulumi(scene, "preview", { diff: true });
  scene.program.editMemory("1259MiB");
  const sentence = said(diagnostics, "no multiple");
  const ops = opsOf(steps);
  const reason = /41 MiB is no multiple of 256 MiB/.exec(sentence)?.[0];
  const nearest = /1259 MiB[^;]*; 1515 MiB/.exec(sentence)?.[0];
  return [
    { text: "the preview announces a replacement", holds: /\breplace\b/.test(ops), seen: ops },
    { text: "and why", holds: reason !== undefined, seen: reason ?? "no word of it" },
    { text: "and the nearest sizes that are live", holds: nearest !== undefined, seen: nearest ?? "none" },
  ];
}

export async function destroy(scene: Scene): Promise<Claim[]> {
  const { lab } = scene;
  await runPulumi(scene, "destroy");
  const domains = (await lab.virsh("list", "--all", "--name")).trim();
  const pid = lab.qemuPid("web-1");
  return [
    {
      text: "nothing is left",
      holds: domains === "" && pid === undefined,
      seen: `${domains === "" ? "no domain" : domains}, ${pid === undefined ? "no QEMU" : `QEMU ${pid}`}`,
    },
  ];
}

function guestNow({ lab, console }: Scene) {
  return {
    pid: lab.qemuPid("web-1"),
    memory: console.memTotalKib() ?? Number.NaN,
    uptime: console.uptimeSeconds() ?? Number.NaN,
  };
}

function memoryDevices(xml: string): number {
  return [...xml.matchAll(/<memory model=/g)].length;
}

/** The message that says so. */
function said(diagnostics: RunResult["diagnostics"], words: string): string {
  return diagnostics.find(({ message }) => message.includes(words))?.message ?? "";
}

/** What is done to the VM; the stack itself is a resource as well. */
function opsOf(steps: RunResult["steps"]): string {
  const ops = steps.filter(({ urn }) => urn.endsWith("::web-1")).map(({ op }) => op);
  return ops.length === 0 ? "no step" : ops.join(", ");
}
