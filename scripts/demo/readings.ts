import type { RunResult } from "../../test/engine/driver.ts";
import type { Claim } from "./claim.ts";
import type { Scene } from "./scene.ts";

/** The VM at this moment: its QEMU, and what its guest last wrote on its console. */
export function guestNow({ lab, program, console }: Scene) {
  return {
    pid: lab.qemuPid(program.domain),
    /** MemTotal, in KiB. */
    memory: console.memTotalKib() ?? Number.NaN,
    /** Its memory blocks: "online=6 offline=0". */
    blocks: [...console.text().matchAll(/online=\d+ offline=\d+/g)].at(-1)?.[0] ?? "",
    /** The CPUs that are online: "0-3". */
    cpus: [...console.text().matchAll(/GUEST cpus=(\S+)/g)].at(-1)?.[1] ?? "",
    /** The size of its first disk, in KiB. */
    disk: Number([...console.text().matchAll(/GUEST disks vda=(\d+)/g)].at(-1)?.[1]),
    /** What each NUMA node has, in KiB. */
    nodes: [...console.text().matchAll(/ node_kb=([\d,]+)/g)].at(-1)?.[1]?.split(",").map(Number) ?? [],
    uptime: console.uptimeSeconds() ?? Number.NaN,
    boots: [...console.text().matchAll(/GUEST booted/g)].length,
  };
}

/** That a VM's QEMU and its guest ran on from one moment to another. */
export function ranOn(before: GuestNow, after: GuestNow): Claim {
  const boots = after.boots === 1 ? "once" : `${after.boots} times`;
  return {
    text: "without a restart",
    holds: before.pid !== undefined && after.pid === before.pid && after.boots === 1,
    seen: `QEMU ${before.pid} before, ${after.pid} after; booted ${boots}`,
  };
}

type GuestNow = ReturnType<typeof guestNow>;

/** The NUMA nodes in a domain's XML, in MiB. */
export function cellsIn(xml: string): number[] {
  return [...xml.matchAll(/<cell [^>]*memory='(\d+)' unit='KiB'/g)].map(([, kib]) => Number(kib) / 1024);
}

export function memoryDevicesIn(xml: string): number {
  return [...xml.matchAll(/<memory model=/g)].length;
}

/** The first message with these words, or nothing; a status of a step under way is not one. */
export function messageWith(diagnostics: RunResult["diagnostics"], words: string): string {
  const lasting = diagnostics.filter(({ ephemeral }) => ephemeral !== true);
  return lasting.find(({ message }) => message.includes(words))?.message ?? "";
}

/** What a plan leads to, as its message begins: "live", "next boot", "replace", … */
export function outcomeOf(plan: string): string {
  return /^[a-z ]+(?=:)/.exec(plan)?.[0] ?? "no plan";
}

/** What is done to the VM; the stack itself is a resource as well. */
export function opsOf({ program }: Scene, steps: RunResult["steps"]): string {
  const ops = steps.filter(({ urn }) => urn.endsWith(`::${program.domain}`)).map(({ op }) => op);
  return ops.length === 0 ? "no step" : ops.join(", ");
}

/** An output of the VM in the stack's state. */
export async function outputOf({ program, stack }: Scene, output: string): Promise<unknown> {
  const { resources = [] } = (await stack.exportState()).deployment;
  return resources.find(({ urn }) => urn.endsWith(`::${program.domain}`))?.outputs?.[output];
}

/** What the guest reported at the last change of its memory, by the stack's state. */
export async function guestReport(scene: Scene): Promise<string> {
  const memory = await outputOf(scene, "guestMemory");
  return memory === undefined ? "nothing" : `${memory} (${await outputOf(scene, "guestMemoryFrom")})`;
}
