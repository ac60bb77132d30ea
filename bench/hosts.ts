import { connect } from "../provider/libvirt/connect.ts";
import { type Lab, startLab } from "../test/lab/lab.ts";
import { during, residentMib } from "./resident.ts";
import { type Result, result } from "./result.ts";
import { progress, type Samples, timedInRounds } from "./rounds.ts";
import { emptyDisks, stackOf, succeeded } from "./stack.ts";
import { pauseDomain } from "./tiny-domain.ts";
import { ONE_CHECKPOINT, yamlStack } from "./yaml-stack.ts";

/** How many daemons the domains of a stack are on. */
const HOSTS = 3;
/** A look at all processes takes a few milliseconds. */
const LOOK_MS = 500;

interface HostsStack {
  dir: string;
  setMemory(mib: number): Promise<void>;
  run(operation: "up" | "preview" | "refresh", env?: Record<string, string>): Promise<void>;
  /** The processes of a run, by what they are. */
  processes: Record<string, RegExp>;
}

const CLI = /^([^\0]*\/)?pulumi\0/;

/** One stack of running domains on several hosts: what a preview, an up and a refresh take, with the class and with the plugin. */
export async function hostsBench(domains: number, rounds: number): Promise<Result[]> {
  const labs = await Promise.all(Array.from({ length: HOSTS }, () => startLab()));
  try {
    const results: Result[] = [];
    for (const [kind, open] of [
      ["the class", classStack],
      ["the plugin", pluginStack],
    ] as const) {
      results.push(...(await measured(kind, await open(labs, domains), labs, domains, rounds)));
      for (const each of labs) await removeAll(each);
    }
    return results;
  } finally {
    await Promise.all(labs.map((lab) => lab.stop()));
  }
}

async function measured(
  kind: string,
  stack: HostsStack,
  labs: readonly Lab[],
  domains: number,
  rounds: number,
): Promise<Result[]> {
  progress(`creating ${domains} domains on ${labs.length} daemons with ${kind}`);
  const peaks: Samples = new Map();
  const created = await timed(() => withPeaks(stack, peaks, () => stack.run("up")));
  for (const lab of labs) await pauseAll(lab);
  let mib = 256;
  const grow = async (env?: Record<string, string>) => {
    mib += 256;
    await stack.setMemory(mib);
    return () => withPeaks(stack, peaks, () => stack.run("up", env));
  };
  const { elapsed, processor } = await timedInRounds(rounds, [
    (measure) =>
      measure("preview, nothing changes", () => withPeaks(stack, peaks, () => stack.run("preview"))),
    async (measure) => measure("up, all of them grow", await grow()),
    async (measure) => measure("the same, PULUMI_SKIP_CHECKPOINTS", await grow(ONE_CHECKPOINT)),
    (measure) => measure("refresh", () => withPeaks(stack, peaks, () => stack.run("refresh"))),
  ]);
  const title = `12. ${domains} running domains on ${labs.length} daemons, ${kind}`;
  elapsed.set("up, all of them are created", [created]);
  return [
    result({ title, unit: "ms", beside: [] }, elapsed),
    result({ title: `${title}: processor time`, unit: "ms", beside: [] }, processor),
    result({ title: `${title}: largest resident memory`, unit: "MiB", beside: [] }, peaks),
  ];
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Adds the most that each process of the stack has taken during the work. */
async function withPeaks(stack: HostsStack, peaks: Samples, work: () => Promise<void>): Promise<void> {
  const most = new Map<string, number>();
  await during(work, LOOK_MS, () => {
    for (const [name, command] of Object.entries(stack.processes))
      most.set(name, Math.max(most.get(name) ?? 0, residentMib(stack.dir, command, "VmHWM") ?? 0));
  });
  for (const [name, mib] of most) if (mib > 0) peaks.set(name, [...(peaks.get(name) ?? []), mib]);
}

async function classStack(labs: readonly Lab[], count: number): Promise<HostsStack> {
  const [lab] = labs as [Lab];
  const config = { uris: JSON.stringify(labs.map(({ uri }) => uri)) };
  const { stack, dir } = await stackOf(lab, "domains", count, config);
  return {
    dir,
    setMemory: (mib) => stack.setConfig("memory", `${mib}MiB`),
    run: async (operation, env = {}) => {
      // The Automation API gives the CLI this process's environment.
      Object.assign(process.env, env);
      try {
        await succeeded(stack, operation);
      } finally {
        for (const name of Object.keys(env)) delete process.env[name];
      }
    },
    processes: { "the CLI": CLI, "the program": /\/cmd\/run/, "the provider": /dynamic-provider/ },
  };
}

async function pluginStack(labs: readonly Lab[], count: number): Promise<HostsStack> {
  const [lab] = labs as [Lab];
  const disks = emptyDisks(lab, count);
  const stack = await yamlStack(lab, {
    ...{ name: "hosts", plugin: "libvirt-hotplug", count },
    properties: (n) => ({
      ...{ maxMemory: "16GiB", memorySlots: 64, uri: labs[n % labs.length]?.uri },
      disks: [{ file: `${disks}/vm-${n}.raw`, format: "raw" }],
      interfaces: [{ user: true }],
    }),
    config: { "libvirt-hotplug:domainType": "qemu" },
  });
  return {
    dir: stack.dir,
    setMemory: async (mib) => stack.write(`${mib}MiB`),
    run: stack.run,
    processes: { "the CLI": CLI, "the provider": /pulumi-resource-libvirt-hotplug/ },
  };
}

async function domainNames(lab: Lab): Promise<string[]> {
  return (await lab.virsh("list", "--name")).split("\n").filter(Boolean);
}

/** Firmware that looks for a disk takes 1 % of a processor. */
async function pauseAll(lab: Lab): Promise<void> {
  const hypervisor = await connect(lab.uri);
  for (const name of await domainNames(lab)) await pauseDomain(hypervisor, name);
  await hypervisor.close();
}

async function removeAll(lab: Lab): Promise<void> {
  for (const name of await domainNames(lab)) {
    await lab.virsh("destroy", name);
    await lab.virsh("undefine", name);
  }
}
