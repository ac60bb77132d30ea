import { connect } from "../provider/libvirt/connect.ts";
import type { Lab } from "../test/lab/lab.ts";
import { type Result, result } from "./result.ts";
import { progress, timedInRounds } from "./rounds.ts";
import { pauseDomain } from "./tiny-domain.ts";
import { onDaemon, trivialLike, type YamlStack, yamlStack } from "./yaml-stack.ts";

/** What a domain grows by. */
const STEP_MIB = 256;

/** Paused domains: nothing but engine, plugin and libvirt takes time. */
export async function pluginGrowBench(lab: Lab, domains: number, rounds: number): Promise<Result[]> {
  progress(`starting a stack of ${domains} domains`);
  const ours = await yamlStack(lab, {
    ...{ name: "paused", plugin: "libvirt-hotplug", count: domains },
    properties: () => ({ maxMemory: "16GiB", memorySlots: 64 }),
    config: { ...onDaemon(lab.uri), "libvirt-hotplug:awaitGuest": "false" },
  });
  await ours.run("up");
  const hypervisor = await connect(lab.uri);
  await Promise.all(names("paused", domains).map((name) => pauseDomain(hypervisor, name)));
  await hypervisor.close();
  return grow(lab, ours, { title: `6. ${domains} paused domains grow`, count: domains, rounds });
}

/** Domains that boot Linux, which confirms each growth by its balloon statistics. */
export async function guestGrowBench(lab: Lab, guests: number, rounds: number): Promise<Result[]> {
  progress(`booting ${guests} guests`);
  const log = (name: string) => lab.file(`${name}.log`);
  const ours = await yamlStack(lab, {
    ...{ name: "guest", plugin: "libvirt-hotplug", count: guests },
    properties: (n) => ({
      ...{ maxMemory: "16GiB", memorySlots: 64 },
      boot: { ...lab.guest, commandLine: "console=ttyS0 quiet memhp_default_state=online" },
      serial: { file: log(`guest-${n}`) },
    }),
    config: onDaemon(lab.uri),
  });
  await ours.run("up");
  await Promise.all(
    names("guest", guests).map((name) => lab.console(log(name)).waitFor(/GUEST memtotal_kb=/, BOOT)),
  );
  return grow(lab, ours, { title: `7. ${guests} guests grow and are asked`, count: guests, rounds });
}

/** Without KVM, on a machine that does other things too. */
const BOOT = { timeoutMs: 300_000 };

/** One `pulumi up` in which all domains of a stack grow, beside one of as many resources of a plugin that does nothing. */
async function grow(
  lab: Lab,
  ours: YamlStack,
  { title, count, rounds }: { title: string; count: number; rounds: number },
): Promise<Result[]> {
  const trivial = await yamlStack(lab, { name: `beside-${count}`, plugin: "trivial", count });
  await trivial.run("up");
  const [domain] = ours.resources();
  if (domain === undefined) throw new Error("the stack has no domain");
  const alike = await yamlStack(lab, {
    ...{ name: `alike-${count}`, plugin: "trivial", count },
    env: trivialLike(domain),
  });
  await alike.run("up");
  const floor = `up, ${count} resources of a trivial plugin`;
  const asLarge = "up, the same with a domain's properties";
  const upTo = (stack: YamlStack, round: number) => {
    stack.write(`${STEP_MIB * (2 + round)}MiB`);
    return () => stack.run("up");
  };
  const { elapsed, processor } = await timedInRounds(rounds, [
    (measure, round) => measure(`up, ${count} domains through the plugin`, upTo(ours, round)),
    (measure, round) => measure(floor, upTo(trivial, round)),
    (measure, round) => measure(asLarge, upTo(alike, round)),
  ]);
  const beside = [floor, asLarge];
  return [
    result({ title, unit: "ms", beside }, elapsed),
    result({ title: `${title}, processor time without libvirt's`, unit: "ms", beside }, processor),
  ];
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
}
