import { connect } from "../provider/libvirt/connect.ts";
import type { Lab } from "../test/lab/lab.ts";
import { managedDomain } from "./managed-domain.ts";
import { type Result, result } from "./result.ts";
import { inRounds } from "./rounds.ts";
import { BASE_MIB, GROWTH_MIB, growthXml, startTinyDomains, tinyDomainXml } from "./tiny-domain.ts";

const NAME = "update-ours";

/** What Pulumi's host calls for one domain that grows, in this process: all but Pulumi itself. */
export async function updateBench(lab: Lab, rounds: number): Promise<Result> {
  const hypervisor = await connect(lab.uri);
  const [attached, folded] = await startTinyDomains(hypervisor, ["update-attach", "update-fold"]);
  if (attached === undefined || folded === undefined) throw new Error("two domains were wanted");
  const ours = await managedDomain(lab, hypervisor, program);
  const samples = await inRounds(rounds, [
    (measure, round) =>
      measure("bare attach", () => hypervisor.attachDevice(attached, growthXml(round), { live: true })),
    (measure, round) =>
      measure("bare attach and define", async () => {
        await hypervisor.attachDevice(folded, growthXml(round), { live: true });
        await hypervisor.define(tinyDomainXml(folded, round + 1));
      }),
    ours,
  ]);
  await hypervisor.close();
  return result({ title: "3. One domain grows", unit: "ms", beside: ["bare attach"] }, samples);
}

function program(growths: number) {
  return {
    name: NAME,
    memory: `${BASE_MIB + growths * GROWTH_MIB}MiB`,
    maxMemory: "64GiB",
    memorySlots: 256,
    hotplug: { alignment: `${GROWTH_MIB}MiB` },
  };
}
