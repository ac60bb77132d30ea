import { rmSync } from "node:fs";
import type { Lab } from "../../lab/lab.ts";
import { attachXmlByHand, defineByHand } from "../../support/virsh.ts";
import { playWithDevices } from "./device-hands.ts";
import type { Hand } from "./story.ts";

/** Carries out what an administrator does, if libvirt lets him; what it refuses is no part of the story. */
export async function play(lab: Lab, name: string, hand: Hand): Promise<{ line: string; isDone: boolean }> {
  const outcome = await attempt(lab, name, hand).then(
    (text) => ({ text: text ?? "", isDone: true }),
    (error: unknown) => ({
      text: `refused: ${String(error).split("\n").slice(0, 2).join(" ")}`,
      isDone: false,
    }),
  );
  return { line: `${JSON.stringify(hand)} ${outcome.text}`.trimEnd(), isDone: outcome.isDone };
}

async function attempt(lab: Lab, name: string, hand: Hand): Promise<string | undefined> {
  switch (hand.kind) {
    case "dimm": {
      const xml = `<memory model='dimm'><target><size unit='MiB'>${hand.mib}</size>${await nodeOf(lab, name)}</target></memory>`;
      const where = { live: ["--live"], config: ["--config"], both: ["--live", "--config"] } as const;
      await attachXmlByHand(lab, name, xml, ...where[hand.where]);
      return;
    }
    case "definedMemory":
      // virsh setmaxmem refuses a domain with NUMA nodes; the balloon follows.
      await lab.virsh("setmaxmem", name, `${hand.mib}MiB`, "--config");
      await lab.virsh("setmem", name, `${hand.mib}MiB`, "--config");
      return;
    case "definedVcpus":
      // A domain with a CPU topology keeps its maximum.
      await lab.virsh("setvcpus", name, String(hand.vcpus), "--config", "--maximum").catch(() => "");
      await lab.virsh("setvcpus", name, String(hand.vcpus), "--config");
      return;
    case "liveVcpus":
      await lab.virsh("setvcpus", name, String(hand.vcpus), "--live");
      return;
    case "definedMaximum": {
      const xml = await lab.virsh("dumpxml", name, "--inactive", "--security-info");
      const changed = xml.replace(/(<maxMemory slots='\d+' unit='KiB'>)\d+/, `$1${hand.mib * 1024}`);
      if (changed === xml) return "nothing to change";
      await defineByHand(lab, changed);
      return;
    }
    case "devices":
      return playWithDevices(lab, name, hand.hand);
    case "virsh":
      for (const command of hand.commands) await lab.virsh(command, name);
      return;
  }
}

/** A device of a domain with NUMA nodes names one. */
async function nodeOf(lab: Lab, name: string): Promise<string> {
  return (await lab.virsh("dumpxml", name, "--inactive")).includes("<numa>") ? "<node>0</node>" : "";
}

/** Leaves nothing of a domain behind. */
export async function removeDomain(lab: Lab, name: string): Promise<void> {
  const names = (await lab.virsh("list", "--all", "--name")).split("\n");
  for (const left of names
    .map((line) => line.trim())
    .filter((line) => line === name || line.includes(`${name}-`))) {
    await lab.virsh("destroy", left).catch(() => "");
    await lab.virsh("undefine", left, "--nvram", "--managed-save").catch(() => "");
  }
  rmSync(lab.file(`${name}.save`), { force: true });
}
