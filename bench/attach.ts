import { writeFileSync } from "node:fs";
import { connect } from "../provider/libvirt/connect.ts";
import type { Lab } from "../test/lab/lab.ts";
import { type Result, result } from "./result.ts";
import { inRounds } from "./rounds.ts";
import { growthXml, startTinyDomains } from "./tiny-domain.ts";
import { virshShell } from "./virsh-shell.ts";

/** Looks a domain up by its name and attaches a DIMM to it; each contender to a domain of its own. */
export async function attachBench(lab: Lab, rounds: number): Promise<Result> {
  const hypervisor = await connect(lab.uri);
  const shell = virshShell(lab);
  await startTinyDomains(hypervisor, ["attach-ours", "attach-shell", "attach-process"]);
  const file = (slot: number) => {
    const path = lab.file(`growth-${slot}.xml`);
    writeFileSync(path, growthXml(slot));
    return path;
  };
  const samples = await inRounds(rounds, [
    (measure, slot) =>
      measure("our client", async () => {
        const domain = await hypervisor.findByName("attach-ours");
        if (domain === undefined) throw new Error("attach-ours is gone");
        await hypervisor.attachDevice(domain, growthXml(slot), { live: true });
      }),
    (measure, slot) => {
      const path = file(slot);
      return measure("virsh attach-device, one process", () =>
        shell.run(`attach-device attach-shell ${path} --live`),
      );
    },
    async (measure, slot) => {
      const path = file(slot);
      await measure("virsh attach-device, a process each", () =>
        lab.virsh("attach-device", "attach-process", path, "--live"),
      );
    },
  ]);
  await shell.close();
  await hypervisor.close();
  return result(
    {
      title: "1. A DIMM attached to a running domain",
      unit: "ms",
      beside: ["virsh attach-device, one process"],
    },
    samples,
  );
}
