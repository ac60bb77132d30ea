import type { Lab } from "../test/lab/lab.ts";
import { during, residentMib } from "./resident.ts";
import { type Result, result } from "./result.ts";
import { progress } from "./rounds.ts";
import { stackOf, succeeded } from "./stack.ts";
import { onDaemon, yamlStack } from "./yaml-stack.ts";

/** How often the process is looked for and read. */
const LOOK_MS = 50;

/** What a provider's process takes when it has read so many domains in a refresh: the plugin's beside the dynamic host's. */
export async function memoryBench(lab: Lab, domains: number, rounds: number): Promise<Result> {
  progress(`defining two stacks of ${domains} domains`);
  const plugin = await yamlStack(lab, {
    ...{ name: "plugin", plugin: "libvirt-hotplug", count: domains },
    properties: () => ({ maxMemory: "2GiB", running: false }),
    config: onDaemon(lab.uri),
  });
  await plugin.run("up");
  const { stack: dynamic, dir } = await stackOf(lab, "domains", domains, { running: "false" });
  await succeeded(dynamic, "up");
  const samples = new Map<string, number[]>([
    ["the plugin", []],
    ["Pulumi's dynamic host", []],
  ]);
  for (let round = 0; round < rounds; round++) {
    samples
      .get("the plugin")
      ?.push(await residentAtEnd(plugin.dir, /pulumi-resource-libvirt-hotplug/, () => plugin.run("refresh")));
    samples
      .get("Pulumi's dynamic host")
      ?.push(await residentAtEnd(dir, /dynamic-provider/, () => succeeded(dynamic, "refresh")));
  }
  return result(
    { title: `9. Resident memory after ${domains} domains`, unit: "MiB", beside: ["Pulumi's dynamic host"] },
    samples,
  );
}

/** In MiB, of the process in this folder with such a command, when it was last seen during the work. */
async function residentAtEnd(dir: string, command: RegExp, work: () => Promise<unknown>): Promise<number> {
  let last = 0;
  await during(work, LOOK_MS, () => {
    last = residentMib(dir, command) ?? last;
  });
  if (last === 0) throw new Error(`no process ${command.source} was seen in ${dir}`);
  return last;
}
