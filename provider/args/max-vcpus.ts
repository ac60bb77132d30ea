import type { Inputs } from "./inputs.ts";
import { MAX_VCPUS_X86 } from "./limits.ts";
import { UNKNOWN } from "./unknown.ts";

/** The default of `vcpus`, unless the program's XML or an adopted domain decides. */
export const DEFAULT_VCPUS = 1;

/** As for the memory: room to grow without a restart. */
const DEFAULT_FACTOR = 4;

/**
 * The default of `maxVcpus`: 4 × the vCPUs, limited to what the machine can have, and a multiple of the number of nodes, so that
 * each node can be one socket.
 *
 * @param most what the host's machine can have; undefined where that isn't known
 */
export function defaultMaxVcpus(vcpus: number, nodes: number, most = MAX_VCPUS_X86): number {
  const limited = Math.max(vcpus, Math.min(vcpus * DEFAULT_FACTOR, most));
  const even = limited - (limited % nodes);
  return even >= vcpus ? even : limited;
}

/** Whether the machine may have fewer vCPUs than the default, so that its host is to be asked: all x86 machines in use have 255. */
export function mayExceedMachine({
  vcpus = DEFAULT_VCPUS,
  arch,
  machine = "q35",
}: Pick<Partial<Inputs>, "vcpus" | "machine"> & { arch?: string }): boolean {
  const isX86 = arch === "x86_64" || arch === "i686";
  if (!/^(pc|q35|virt|pseries|s390)/.test(machine)) return true;
  return vcpus * DEFAULT_FACTOR > LEAST_OF_MACHINES && !isX86;
}

/** AArch64's virt machine with an old interrupt controller has no more. */
const LEAST_OF_MACHINES = 8;

/**
 * `maxVcpus` where the program doesn't set it. A new domain gets the default, or what its own topology multiplies to. An existing one
 * keeps the old value, unless the vCPUs have outgrown it. A domain of an earlier version has none: it keeps its maximum.
 *
 * @param isNew the resource has no domain yet
 * @param most what the host's machine can have, where that is known
 */
export function maxVcpusFor(
  inputs: Partial<Inputs>,
  old: number | undefined,
  isNew: boolean,
  most: number | undefined,
): number | undefined {
  const { vcpus = 1, numa, cpuTopology, adopt } = inputs;
  const values: unknown[] = [vcpus, numa, cpuTopology];
  if (old === undefined && (!isNew || adopt === true)) return undefined;
  if (values.includes(UNKNOWN)) return UNKNOWN as never;
  if (old !== undefined && old >= vcpus) return old;
  const product = topologyProduct(cpuTopology);
  if (product !== undefined) return product;
  return defaultMaxVcpus(vcpus, Array.isArray(numa) ? numa.length : 1, most);
}

function topologyProduct(topology: Inputs["cpuTopology"]): number | undefined {
  if (topology === undefined) return undefined;
  const { sockets, dies = 1, cores, threads = 1 } = topology;
  const product = sockets * dies * cores * threads;
  return Number.isInteger(product) ? product : undefined;
}
