import { KIB_PER_MIB, type Kib, sum } from "../units/kib.ts";
import { readNumbers } from "../units/number-list.ts";
import { formatMib } from "../units/size.ts";
import type { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import type { Defaults } from "./settings.ts";
import { knownHotplug, knownSize, UNKNOWN } from "./unknown.ts";

/** The nodes' own shares of the memory; undefined where there are no nodes, or a share isn't known. */
function sharesOf({ numa }: Partial<Inputs>): Kib[] | undefined {
  if (!Array.isArray(numa) || numa.some((node) => typeof node !== "object" || node.memory === UNKNOWN))
    return undefined;
  return numa.map(({ memory }) => knownSize(memory) ?? 0);
}

export function sharesWithinMemory(inputs: Partial<Inputs>): Failure[] {
  const [shares, memory] = [sharesOf(inputs), knownSize(inputs.memory)];
  if (shares === undefined || memory === undefined) return [];
  if (memory === 0) return [{ property: "numa", reason: "must have at least one node with memory" }];
  if (sum(shares) <= memory) return [];
  const reason = `gives its nodes ${formatMib(sum(shares))} in total, above memory (${formatMib(memory)})`;
  return [{ property: "numa", reason }];
}

export function spreadInWholeMib(inputs: Partial<Inputs>): Failure[] {
  const [shares, memory] = [sharesOf(inputs), knownSize(inputs.memory)];
  if (knownHotplug(inputs).targetNode !== "spread" || shares === undefined || memory === undefined) return [];
  const rest = memory - sum(shares);
  if (rest <= 0 || rest % (shares.length * KIB_PER_MIB) === 0) return [];
  const reason = `is "spread", but ${formatMib(rest)} (memory beyond the nodes' own shares) can't be divided evenly among ${shares.length} nodes in whole MiB`;
  return [{ property: "hotplug.targetNode", reason }];
}

/** The nodes that boot without memory: those without a share, unless memory beyond the shares goes to them. */
function emptyNodes(inputs: Partial<Inputs>): number[] {
  const [shares, memory] = [sharesOf(inputs) ?? [], knownSize(inputs.memory)];
  if (memory === 0) return [];
  const { targetNode = 0 } = knownHotplug(inputs);
  const hasRest = memory !== undefined && memory !== sum(shares);
  const getsRest = (node: number) => hasRest && (targetNode === "spread" || node === targetNode);
  return shares.flatMap((share, node) => (share === 0 && !getsRest(node) ? [node] : []));
}

/** One node may stay empty for memory that is added later, as in Kunpeng BoostKit's guide. */
export function oneEmptyNode(inputs: Partial<Inputs>): Failure[] {
  const empty = emptyNodes(inputs);
  if (empty.length <= 1) return [];
  const reason = `has ${empty.length} nodes without memory (${empty.join(", ")}); at most one may be empty`;
  return [{ property: "numa", reason }];
}

export function emptyNodeCanGrow(inputs: Partial<Inputs>): Failure[] {
  const [node, ...others] = emptyNodes(inputs);
  if (node === undefined || others.length > 0) return [];
  if (knownHotplug(inputs).enabled === false) {
    const reason = `leaves node ${node} without memory, which can't be added later because hotplug.enabled is false`;
    return [{ property: "numa", reason }];
  }
  const [memory, maxMemory] = [knownSize(inputs.memory), knownSize(inputs.maxMemory)];
  if (maxMemory === undefined || memory === undefined || maxMemory > memory) return [];
  const reason = `is ${formatMib(maxMemory)}, equal to memory, so memory can't be added to the empty node ${node} later; raise maxMemory`;
  return [{ property: "maxMemory", reason }];
}

/** More vCPUs than lists can name without an overlap: each has up to four digits. */
const MOST_READ = 10_000;

/** libvirt: "Number of CPUs in <numa> exceeds the <vcpu> count", "NUMA cells … have overlapping vCPU ids". */
export function vcpusOfNodes(inputs: Partial<Inputs>): Failure[] {
  const nodes = Array.isArray(inputs.numa) ? inputs.numa : [];
  // The program's own XML and an adopted domain have their own number of vCPUs.
  const { vcpus = inputs.xml === undefined && inputs.adopt === undefined ? 1 : undefined, maxVcpus = vcpus } =
    inputs;
  const nodeOf = new Map<number, number>();
  let read = 0;
  return nodes.flatMap(({ cpus }, node) => {
    // So many numbers overlap, which the failures of earlier nodes have reported.
    if (cpus === undefined || cpus === UNKNOWN || read > MOST_READ) return [];
    const property = `numa[${node}].cpus`;
    const numbers = readNumbers(cpus);
    read += numbers.length;
    const shared = numbers.find((cpu) => nodeOf.has(cpu));
    const owner = shared === undefined ? undefined : nodeOf.get(shared);
    for (const cpu of numbers) nodeOf.set(cpu, node);
    if (owner !== undefined)
      return [{ property, reason: `contains vCPU ${shared}, which is already assigned to node ${owner}` }];
    const last = Math.max(...numbers);
    if (typeof maxVcpus !== "number" || last < maxVcpus) return [];
    const present = maxVcpus === 1 ? "only has vCPU 0" : `has vCPUs 0 to ${maxVcpus - 1}`;
    const remedy = inputs.maxVcpus === undefined ? "raise vcpus" : "raise maxVcpus";
    return [{ property, reason: `contains vCPU ${last}, but the domain ${present}; ${remedy}` }];
  });
}

export function targetNodeExists(inputs: Partial<Inputs>, _defaults: Defaults, hasDomain = false): Failure[] {
  const { targetNode } = knownHotplug(inputs);
  const count = Array.isArray(inputs.numa) ? inputs.numa.length : 1;
  if (typeof targetNode !== "number" || targetNode < count) return [];
  // Without `numa`, an adopted domain and the program's own XML may have more nodes than the one of a new domain.
  if (inputs.numa === undefined && (inputs.adopt !== undefined || inputs.xml !== undefined)) return [];
  // Nodes that the program no longer sets stay, but a new domain wouldn't have them.
  if (inputs.numa === undefined && hasDomain) {
    const reason = `is ${targetNode}, but without numa in the program only node 0 is known; set numa to the nodes of the domain`;
    return [{ property: "hotplug.targetNode", reason }];
  }
  const present = count === 1 ? "only has node 0" : `has nodes 0 to ${count - 1}`;
  return [{ property: "hotplug.targetNode", reason: `is ${targetNode}, but the domain ${present}` }];
}
