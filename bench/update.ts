import type { Inputs } from "../provider/args/inputs.ts";
import { DEFAULTS } from "../provider/args/settings.ts";
import { hostClock } from "../provider/deadline.ts";
import { connect } from "../provider/libvirt/connect.ts";
import type { Hypervisor } from "../provider/libvirt/hypervisor.ts";
import { check } from "../provider/operations/check.ts";
import { create } from "../provider/operations/create.ts";
import { diff } from "../provider/operations/diff.ts";
import { update } from "../provider/operations/update.ts";
import { Session } from "../provider/session.ts";
import type { Lab } from "../test/lab/lab.ts";
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
  const first = await run(lab, async (session) => {
    const inputs = await checked(session, {}, 0);
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
        run(lab, async (session) => {
          inputs = await checked(session, inputs, round + 1);
          await diff(session, id, outs, inputs);
          ({ outs } = await measure("update alone", () => update(session, id, outs, inputs)));
        }),
      ),
  ]);
  await hypervisor.close();
  return result({ title: "3. One domain grows", unit: "ms", beside: ["bare attach"] }, samples);
}

/** One run of Pulumi: with a session of its own, and its connection. */
async function run<T>(lab: Lab, work: (session: Session) => Promise<T>): Promise<T> {
  const opened: Hypervisor[] = [];
  const session = new Session({
    connect: async (...args) => {
      const hypervisor = await connect(...args);
      opened.push(hypervisor);
      return hypervisor;
    },
    log: { message: async () => {}, status: async () => {} },
    environment: {},
    clock: hostClock,
  });
  session.configuration = { uri: lab.uri, domainType: "qemu", defaults: DEFAULTS };
  const result = await work(session);
  await Promise.all(opened.map((hypervisor) => hypervisor.close()));
  return result;
}

async function checked(session: Session, olds: object, growths: number): Promise<Inputs> {
  const news = {
    name: NAME,
    memory: `${BASE_MIB + growths * GROWTH_MIB}MiB`,
    maxMemory: "64GiB",
    memorySlots: 256,
    hotplug: { alignment: `${GROWTH_MIB}MiB` },
    __urn: `urn:pulumi:bench::bench::pulumi-nodejs:dynamic/libvirt:Domain::${NAME}`,
  };
  const { inputs, failures } = await check(session, { ...olds }, news);
  if (failures.length > 0) throw new Error(failures.map(({ reason }) => reason).join("; "));
  // With no failures nothing is missing.
  return inputs as Inputs;
}
