import type { Lab } from "../test/lab/lab.ts";
import { countedSocket } from "./counted-socket.ts";
import { type Result, result } from "./result.ts";
import { progress, timedInRounds } from "./rounds.ts";
import { ONE_CHECKPOINT, onDaemon, trivialLike, yamlStack } from "./yaml-stack.ts";

/**
 * The preview of a program that hasn't changed, beside one with as many resources of a plugin that does nothing.
 *
 * @throws Error where the plugin connects to libvirt
 */
export async function pluginPreviewBench(lab: Lab, domains: number, rounds: number): Promise<Result[]> {
  const socket = await countedSocket(lab);
  progress(`defining a stack of ${domains} domains`);
  const ours = await yamlStack(lab, {
    ...{ name: "off", plugin: "libvirt-hotplug", count: domains },
    properties: () => ({ maxMemory: "2GiB", running: false }),
    config: onDaemon(socket.uri),
  });
  await ours.run("up", ONE_CHECKPOINT);
  const trivial = await yamlStack(lab, { name: "unchanged", plugin: "trivial", count: domains });
  await trivial.run("up", ONE_CHECKPOINT);
  const [domain] = ours.resources();
  if (domain === undefined) throw new Error("the stack has no domain");
  const env = trivialLike(domain);
  const alike = await yamlStack(lab, { ...{ name: "alike", plugin: "trivial", count: domains }, env });
  await alike.run("up", ONE_CHECKPOINT);
  const before = socket.connections;
  const floor = `preview, ${domains} resources of a trivial plugin`;
  const asLarge = "preview, the same with a domain's properties";
  const { elapsed, processor } = await timedInRounds(rounds, [
    (measure) => measure(`preview, ${domains} domains of the plugin`, () => ours.run("preview")),
    (measure) => measure(floor, () => trivial.run("preview")),
    (measure) => measure(asLarge, () => alike.run("preview")),
  ]);
  socket.close();
  const made = socket.connections - before;
  if (made > 0) throw new Error(`a preview without a change made ${made} connections to libvirt`);
  const title = `8. ${domains} unchanged domains, not one connection to libvirt`;
  const beside = [floor, asLarge];
  return [
    result({ title, unit: "ms", beside }, elapsed),
    result({ title: `${title}, processor time`, unit: "ms", beside }, processor),
  ];
}
