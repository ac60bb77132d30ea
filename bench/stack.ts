import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../provider/libvirt/connect.ts";
import type { DomainRef, Hypervisor } from "../provider/libvirt/hypervisor.ts";
import { DYNAMIC_TYPE } from "../sdk/dynamic-type.ts";
import { openStack, type RunResult, type StackDriver } from "../test/engine/driver.ts";
import type { Lab } from "../test/lab/lab.ts";
import { copyProgram } from "../test/package/linked-program.ts";
import { emptyDisk } from "./empty-disk.ts";
import { type Result, result } from "./result.ts";
import { inRounds, progress } from "./rounds.ts";
import { growthXml, pauseDomain, startTinyDomains, tinyDomainXml } from "./tiny-domain.ts";

/** More would take as much of the host's memory as the stack. */
const MOST_BARE = 50;

/**
 * All domains of a stack grow in one `pulumi up`: beside the same on libvirt with nothing between, and beside a stack of
 * as many resources that do nothing, which is what engine, program and provider host cost by themselves. Then the preview of
 * the same program again, and what a domain takes of the state.
 */
export async function stackBench(lab: Lab, domains: number, rounds: number): Promise<Result[]> {
  const hypervisor = await connect(lab.uri);
  const numbers = Array.from({ length: domains }, (_, index) => index + 1);
  const bareCount = Math.min(domains, MOST_BARE);
  progress(`starting ${bareCount} domains`);
  const bare = await startTinyDomains(
    hypervisor,
    numbers.slice(0, bareCount).map((n) => `bare-${n}`),
  );
  progress(`starting a stack of ${domains} domains`);
  const ours = await stackOf(lab, "domains", domains);
  await up(ours.stack, 0, domains);
  await Promise.all(numbers.map((n) => pauseDomain(hypervisor, `vm-${n}`)));
  const trivial = await stackOf(lab, "trivial", domains);
  await up(trivial.stack, 0, domains);
  const entries = entrySizes(await ours.stack.exportState());

  const floor = `up, ${domains} trivial resources`;
  const bareAtOnce = `bare attach and define, ${bareCount} domains, at once`;
  const growth = await inRounds(rounds, [
    (measure, round) => measure(`up, ${domains} domains`, () => up(ours.stack, round + 1, domains)),
    (measure, round) => measure(floor, () => up(trivial.stack, round + 1, domains)),
    (measure, round) =>
      measure(`bare attach and define, ${bareCount} domains, one after another`, async () => {
        for (const domain of bare) await grow(hypervisor, domain, 2 * round);
      }),
    (measure, round) =>
      measure(bareAtOnce, () => Promise.all(bare.map((domain) => grow(hypervisor, domain, 2 * round + 1)))),
  ]);
  await hypervisor.close();
  const previewed = `preview, ${domains} trivial resources`;
  const unchanged = await inRounds(rounds, [
    (measure) => measure(`preview, ${domains} domains`, () => preview(ours.stack, domains)),
    (measure) => measure(previewed, () => preview(trivial.stack, domains)),
  ]);
  const { engine } = ours.stack;
  return [
    result(
      { title: `4. ${domains} domains grow, ${engine}`, unit: "ms", beside: [floor, bareAtOnce] },
      growth,
    ),
    result(
      { title: `4. ${domains} unchanged domains, ${engine}`, unit: "ms", beside: [previewed] },
      unchanged,
    ),
    result({ title: "4. A domain in the state, as compact JSON", unit: "bytes", beside: [] }, entries),
  ];
}

/** The parts of each domain's entry. Source positions and stack traces are as long as the paths of the program. */
function entrySizes({ deployment }: Awaited<ReturnType<StackDriver["exportState"]>>): Map<string, number[]> {
  const entries = (deployment.resources ?? []).filter(({ type }) => type === DYNAMIC_TYPE);
  const size = (value: unknown) => JSON.stringify(value).length;
  const parts = entries.map((entry) => {
    const { inputs, outputs, sourcePosition, stackTrace, ...engine } = entry as unknown as Record<
      string,
      object
    >;
    return {
      inputs: size(inputs),
      outputs: size(outputs),
      engine: size(engine),
      trace: size([sourcePosition, stackTrace]),
    };
  });
  return new Map([
    ["inputs and outputs", parts.map(({ inputs, outputs }) => inputs + outputs)],
    ["inputs", parts.map(({ inputs }) => inputs)],
    ["outputs", parts.map(({ outputs }) => outputs)],
    ["the engine's own fields", parts.map(({ engine }) => engine)],
    ["where the program made it", parts.map(({ trace }) => trace)],
  ]);
}

async function grow(hypervisor: Hypervisor, domain: DomainRef, growth: number): Promise<void> {
  await hypervisor.attachDevice(domain, growthXml(growth), { live: true });
  await hypervisor.define(tinyDomainXml(domain, growth + 1));
}

/** The program lies in the lab's folder, and goes with it. */
export async function stackOf(
  lab: Lab,
  program: string,
  count: number,
  config: Record<string, string> = {},
): Promise<{ stack: StackDriver; dir: string }> {
  const dir = lab.file(program);
  copyProgram(`bench/programs/${program}`, dir);
  const stack = await openStack({
    projectDir: dir,
    stack: "dev",
    backendDir: lab.file(`${program}-state`),
    config: {
      ...{ "libvirt:uri": lab.uri, "libvirt-hotplug:domainType": "qemu" },
      ...{ count: String(count), memory: "256MiB", disks: emptyDisks(lab, count), ...config },
    },
  });
  return { stack, dir };
}

/** @returns the folder of an empty disk for each domain */
export function emptyDisks(lab: Lab, count: number): string {
  const dir = lab.file("disks");
  mkdirSync(dir, { recursive: true });
  for (let n = 1; n <= count; n++) {
    emptyDisk(lab, join(dir, `vm-${n}.raw`));
  }
  return dir;
}

/** @throws Error if the operation fails */
export async function succeeded(
  stack: StackDriver,
  operation: "up" | "preview" | "refresh",
): Promise<RunResult> {
  const result = await stack[operation]();
  if (!result.ok) throw new Error(`pulumi ${operation} failed: ${result.errors.join("; ")}`);
  return result;
}

/** Every resource changes, or is made the first time. */
async function up(stack: StackDriver, growths: number, count: number): Promise<void> {
  await stack.setConfig("memory", `${256 * (1 + growths)}MiB`);
  const { changes } = await succeeded(stack, "up");
  const changed = (changes.create ?? 0) + (changes.update ?? 0);
  if (changed < count) throw new Error(`${count} resources should have changed, ${changed} have`);
}

async function preview(stack: StackDriver, count: number): Promise<void> {
  const { changes } = await succeeded(stack, "preview");
  if ((changes.same ?? 0) < count)
    throw new Error(`${count} resources should be the same, ${changes.same} are`);
}
