import { KIB_PER_MIB } from "../units/kib.ts";
import { readNumbers } from "../units/number-list.ts";
import { formatMib } from "../units/size.ts";
import type { Failure } from "./failure.ts";
import type { NumaNodeInput, Inputs } from "./inputs.ts";
import { knownHotplug, knownSize, UNKNOWN } from "./unknown.ts";

/** The rules of a guest's NUMA nodes: shares within the memory, one empty node, a target that is there. */
export function numaFailures(inputs: Partial<Inputs>): Failure[] {
  const cells = Array.isArray(inputs.numa) ? inputs.numa : undefined;
  const target = targetFailures(inputs, cells?.length ?? 1);
  return cells === undefined
    ? target
    : [...shareFailures(inputs, cells), ...cpusFit(inputs, cells), ...target];
}

/** Silent while a share isn't known: it may turn out to be none, or all. */
function shareFailures(inputs: Partial<Inputs>, cells: NumaNodeInput[]): Failure[] {
  const isKnown = cells.every((cell) => typeof cell === "object" && cell.memory !== UNKNOWN);
  return isKnown ? [...sharesWithinMemory(inputs, cells), ...oneEmptyNode(inputs, cells)] : [];
}

/** libvirt: «Number of CPUs in <numa> exceeds the <vcpu> count», and «NUMA cells … have overlapping vCPU ids». */
function cpusFit(inputs: Partial<Inputs>, cells: NumaNodeInput[]): Failure[] {
  // XML of the program's own, and an adopted domain, say themselves how many there are.
  const { vcpus = inputs.xml === undefined && inputs.adopt === undefined ? 1 : undefined } = inputs;
  const taken = new Map<number, number>();
  return cells.flatMap(({ cpus }, node) => {
    if (cpus === undefined || cpus === UNKNOWN) return [];
    const numbers = readNumbers(cpus);
    const property = `numa[${node}].cpus`;
    const shared = numbers.find((cpu) => taken.has(cpu));
    for (const cpu of numbers) taken.set(cpu, node);
    if (numbers.length === 0) return [{ property, reason: `is "${cpus}", which names no vCPU` }];
    if (shared !== undefined)
      return [{ property, reason: `has vCPU ${shared}, which another node of numa has too` }];
    const last = Math.max(...numbers);
    if (typeof vcpus !== "number" || last < vcpus) return [];
    return [{ property, reason: `has vCPU ${last}; the domain has ${vcpus} (vcpus), counted from 0` }];
  });
}

function sharesWithinMemory(inputs: Partial<Inputs>, cells: NumaNodeInput[]): Failure[] {
  const memory = knownSize(inputs.memory);
  if (memory === 0) return [{ property: "numa", reason: "has no memory in any node" }];
  const shares = cells.map((cell) => cell.memory);
  if (memory === undefined) return [];
  const sum = shares.reduce((total, share) => total + (knownSize(share) ?? 0), 0);
  if (sum > memory)
    return [
      { property: "numa", reason: `has ${formatMib(sum)} in all, more than memory, ${formatMib(memory)}` },
    ];
  const { targetNode } = knownHotplug(inputs);
  const rest = memory - sum;
  if (targetNode !== "spread" || rest % (cells.length * KIB_PER_MIB) === 0) return [];
  const reason = `is "spread", and the ${formatMib(rest)} that memory has above the nodes' shares can't be divided among ${cells.length} nodes in whole MiB`;
  return [{ property: "hotplug.targetNode", reason }];
}

/** Kunpeng's page reserves one node; QEMU's machine types give no memory to more than that either. */
function oneEmptyNode(inputs: Partial<Inputs>, cells: NumaNodeInput[]): Failure[] {
  const empty = cells.flatMap((cell, node) => ((knownSize(cell.memory) ?? 0) === 0 ? [node] : []));
  // The rest of the memory goes to the target, which isn't empty then.
  const sum = cells.reduce((total, cell) => total + (knownSize(cell.memory) ?? 0), 0);
  const memory = knownSize(inputs.memory);
  if (memory === 0) return [];
  const { targetNode = 0 } = knownHotplug(inputs);
  const left = empty.filter(
    (node) => memory === undefined || memory === sum || (targetNode !== "spread" && node !== targetNode),
  );
  if (left.length > 1)
    return [
      {
        property: "numa",
        reason: `has ${left.length} nodes without memory (${left.join(", ")}); at most one may grow into its memory later`,
      },
    ];
  if (left.length === 0) return [];
  const ceiling = knownSize(inputs.maxMemory);
  if (knownHotplug(inputs).enabled === false)
    return [
      {
        property: "numa",
        reason: `node ${left[0]} has no memory and could get none: hotplug.enabled is false`,
      },
    ];
  if (ceiling === undefined || memory === undefined || ceiling > memory) return [];
  const reason = `is ${formatMib(ceiling)}, all of which is there at boot; node ${left[0]} has no memory and could get none: raise maxMemory`;
  return [{ property: "maxMemory", reason }];
}

function targetFailures(inputs: Partial<Inputs>, nodes: number): Failure[] {
  const { targetNode } = knownHotplug(inputs);
  // Without `numa`, an adopted domain or XML of the program's own may have more nodes than the one of ours.
  if (typeof targetNode !== "number" || targetNode < nodes) return [];
  if (inputs.numa === undefined && (inputs.adopt !== undefined || inputs.xml !== undefined)) return [];
  const there = nodes === 1 ? "node 0 alone" : `nodes 0 to ${nodes - 1}`;
  return [{ property: "hotplug.targetNode", reason: `is ${targetNode}; the domain has ${there}` }];
}
