import { connect } from "../provider/libvirt/connect.ts";
import { create } from "../provider/operations/create.ts";
import { diff } from "../provider/operations/diff.ts";
import { update } from "../provider/operations/update.ts";
import type { Lab } from "../test/lab/lab.ts";
import { checkedInputs, inOneRun } from "./one-run.ts";
import { type Result, result } from "./result.ts";
import { inRounds } from "./rounds.ts";
import {
  BASE_MIB,
  GROWTH_MIB,
  growthXml,
  pauseDomain,
  startTinyDomains,
  tinyDomainXml,
} from "./tiny-domain.ts";

const NAME = "update-ours";

/** What Pulumi's host calls for one domain that grows, in this process: all but Pulumi itself. */
export async function updateBench(lab: Lab, rounds: number): Promise<Result> {
  const hypervisor = await connect(lab.uri);
  const [attached, folded] = await startTinyDomains(hypervisor, ["update-attach", "update-fold"]);
  if (attached === undefined || folded === undefined) throw new Error("two domains were wanted");
  const first = await inOneRun(lab, async (session) => {
    const inputs = await checkedInputs(session, {}, program(0));
    const { id, outs } = await create(session, inputs);
    return { id, inputs, outs };
  });
  const { id } = first;
  let { inputs, outs } = first;
  await pauseDomain(hypervisor, NAME);
  const samples = await inRounds(rounds, [
    (measure, round) =>
      measure("bare attach", () => hypervisor.attachDevice(attached, growthXml(round), { live: true })),
    (measure, round) =>
      measure("bare attach and define", async () => {
        await hypervisor.attachDevice(folded, growthXml(round), { live: true });
        await hypervisor.define(tinyDomainXml(folded, round + 1));
      }),
    (measure, round) =>
      measure("connect, check, diff and update", () =>
        inOneRun(lab, async (session) => {
          inputs = await checkedInputs(session, inputs, program(round + 1));
          await diff(session, id, outs, inputs);
          ({ outs } = await measure("update alone", () => update(session, id, outs, inputs)));
        }),
      ),
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
