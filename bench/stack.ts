import { connect } from "../provider/libvirt/connect.ts";
import type { DomainRef, Hypervisor } from "../provider/libvirt/hypervisor.ts";
import { openStack, type StackDriver } from "../test/engine/driver.ts";
import type { Lab } from "../test/lab/lab.ts";
import { copyProgram } from "../test/package/linked-program.ts";
import { type Result, result } from "./result.ts";
import { inRounds, progress } from "./rounds.ts";
import { growthXml, pauseDomain, startTinyDomains, tinyDomainXml } from "./tiny-domain.ts";

/**
 * All domains of a stack grow in one `pulumi up`: beside the same on libvirt with nothing between, and beside a stack of
 * as many resources that do nothing, which is what engine, program and provider host cost by themselves.
 */
export async function stackBench(lab: Lab, domains: number, rounds: number): Promise<Result> {
  const hypervisor = await connect(lab.uri);
  const numbers = Array.from({ length: domains }, (_, index) => index + 1);
  progress(`starting ${domains} domains`);
  const bare = await startTinyDomains(
    hypervisor,
    numbers.map((n) => `bare-${n}`),
  );
  progress(`starting a stack of ${domains} domains`);
  const ours = await stackOf(lab, "domains", domains);
  await up(ours, 0, domains);
  await Promise.all(numbers.map((n) => pauseDomain(hypervisor, `vm-${n}`)));
  const trivial = await stackOf(lab, "trivial", domains);
  await up(trivial, 0, domains);

  const floor = `up, ${domains} trivial resources`;
  const bareAtOnce = `bare attach and define, ${domains} domains, at once`;
  const samples = await inRounds(rounds, [
    (measure, round) => measure(`up, ${domains} domains`, () => up(ours, round + 1, domains)),
    (measure, round) => measure(floor, () => up(trivial, round + 1, domains)),
    (measure, round) =>
      measure(`bare attach and define, ${domains} domains, one after another`, async () => {
        for (const domain of bare) await grow(hypervisor, domain, 2 * round);
      }),
    (measure, round) =>
      measure(bareAtOnce, () => Promise.all(bare.map((domain) => grow(hypervisor, domain, 2 * round + 1)))),
  ]);
  await hypervisor.close();
  return result(
    { title: `4. ${domains} domains grow, ${ours.engine}`, unit: "ms", beside: [floor, bareAtOnce] },
    samples,
  );
}

async function grow(hypervisor: Hypervisor, domain: DomainRef, growth: number): Promise<void> {
  await hypervisor.attachDevice(domain, growthXml(growth), { live: true });
  await hypervisor.define(tinyDomainXml(domain, growth + 1));
}

/** The program lies in the lab's folder, and goes with it. */
function stackOf(lab: Lab, program: string, count: number): Promise<StackDriver> {
  const projectDir = lab.file(program);
  copyProgram(`bench/programs/${program}`, projectDir);
  return openStack({
    projectDir,
    stack: "dev",
    backendDir: lab.file(`${program}-state`),
    config: { "libvirt:uri": lab.uri, "libvirt-hotplug:domainType": "qemu", count: String(count) },
  });
}

/** Every resource changes, or is made the first time. */
async function up(stack: StackDriver, growths: number, count: number): Promise<void> {
  await stack.setConfig("memory", `${256 * (1 + growths)}MiB`);
  const { ok, errors, changes } = await stack.up();
  if (!ok) throw new Error(`pulumi up failed: ${errors.join("; ")}`);
  const changed = (changes.create ?? 0) + (changes.update ?? 0);
  if (changed < count) throw new Error(`${count} resources should have changed, ${changed} have`);
}
