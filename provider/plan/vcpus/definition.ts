import { defaultMaxVcpus } from "../../args/max-vcpus.ts";
import { defined } from "../../defined.ts";
import { type CpuTopology, vcpusOf } from "../../domain/state.ts";
import { defineStep } from "../definition/steps.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { DefineStep, Plan, VcpuDefinition } from "../plan.ts";
import { formatTopology, formatVcpus, refusal } from "../text.ts";
import type { DesiredVcpus } from "./desired.ts";
import { vcpuPlatformReason } from "./platform.ts";

/** The step that sets the vCPUs of the inactive definition; none if nothing differs or the domain is transient. */
export function vcpuDefinitionSteps(desired: DesiredVcpus, { nextBoot }: Observed): DefineStep[] {
  if (nextBoot === undefined) return [];
  const wanted = wantedVcpus(desired, nextBoot);
  const isSet =
    wanted.current === vcpusOf(nextBoot) &&
    wanted.maximum === nextBoot.vcpus &&
    wanted.topology === undefined;
  return isSet ? [] : [defineStep(undefined, [], wanted)];
}

/** The vCPUs that the next boot is to have; `topology` only where it changes. */
export function wantedVcpus(desired: DesiredVcpus, nextBoot: MemoryView): VcpuDefinition {
  const current = desired.vcpus ?? vcpusOf(nextBoot);
  const maximum = Math.max(current, desired.maximum ?? keptMaximum(current, desired, nextBoot));
  const topology = desired.topology ?? scaled(nextBoot.topology, maximum);
  const isNew = topology !== undefined && !isSameTopology(topology, nextBoot.topology);
  return { current, maximum, ...defined({ topology: isNew ? topology : undefined }) };
}

function isSameTopology(a: CpuTopology, b: CpuTopology | undefined): boolean {
  return b !== undefined && formatTopology(a) === formatTopology(b);
}

/** A domain of an earlier version gets room to grow with the first number that it has no room for. */
function keptMaximum(current: number, { nodes }: DesiredVcpus, nextBoot: MemoryView): number {
  if (current <= nextBoot.vcpus) return nextBoot.vcpus;
  if (vcpuPlatformReason(nextBoot) !== undefined) return current;
  const unit = nextBoot.topology === undefined ? 1 : vcpusPerCore(nextBoot.topology);
  const most = defaultMaxVcpus(current, nodes ?? Math.max(1, nextBoot.cells.length));
  const whole = most - (most % unit);
  return whole >= current ? whole : Math.ceil(current / unit) * unit;
}

/** How many vCPUs one more core for each die brings. */
function vcpusPerCore({ sockets, dies, threads }: CpuTopology): number {
  return sockets * dies * threads;
}

/** The same sockets, dies and threads with as many cores as the maximum needs; undefined where that isn't a whole number. */
function scaled(topology: CpuTopology | undefined, maximum: number): CpuTopology | undefined {
  if (topology === undefined) return undefined;
  const cores = maximum / vcpusPerCore(topology);
  return Number.isInteger(cores) ? { ...topology, cores } : undefined;
}

/** Refuses to set a definition that libvirt would refuse; undefined where nothing is set, or it can be. */
export function vcpuDefinitionRefusal(desired: DesiredVcpus, { nextBoot }: Observed): Plan | undefined {
  if (nextBoot === undefined) return undefined;
  const { current, maximum } = wantedVcpus(desired, nextBoot);
  const topology = desired.topology ?? nextBoot.topology;
  if (topology === undefined || (desired.topology ?? scaled(topology, maximum)) !== undefined) {
    if (desired.topology === undefined || product(desired.topology) === maximum) return undefined;
    const text = `cpuTopology has ${formatTopology(desired.topology)}, which isn't the domain's maximum of ${formatVcpus(maximum)}`;
    return refusal({ code: "topology-not-divisible", text }, text, "set maxVcpus to their product");
  }
  const unit = vcpusPerCore(topology);
  const below = maximum - (maximum % unit);
  const nearest = [below, below + unit].filter((count) => count >= current && count > 0);
  const text = `a maximum of ${formatVcpus(maximum)} can't be divided among the domain's ${formatTopology(topology)}`;
  return refusal(
    { code: "topology-not-divisible", text },
    text,
    `set maxVcpus to ${nearest.join(" or ")}, or set cpuTopology`,
  );
}

function product({ sockets, dies, cores, threads }: CpuTopology): number {
  return sockets * dies * cores * threads;
}
