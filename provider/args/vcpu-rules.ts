import type { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import { MAX_VCPUS_X86 } from "./limits.ts";
import { UNKNOWN } from "./unknown.ts";

export function vcpusWithinMaximum({ vcpus, maxVcpus }: Partial<Inputs>): Failure[] {
  if (typeof vcpus !== "number" || typeof maxVcpus !== "number" || vcpus <= maxVcpus) return [];
  const reason = `is ${vcpus}, above maxVcpus (${maxVcpus}); lower vcpus or raise maxVcpus`;
  return [{ property: "vcpus", reason }];
}

/**
 * libvirt: "more than 255 vCPUs require extended interrupt mode enabled on the iommu device", which the program's own XML may
 * have.
 */
export function vcpusOfX86({ vcpus, maxVcpus, arch, xml, adopt }: Partial<Inputs>): Failure[] {
  if ((arch !== "x86_64" && arch !== "i686") || xml !== undefined || adopt !== undefined) return [];
  const reason = (count: number) =>
    `is ${count}, above ${MAX_VCPUS_X86}, the most that ${arch} domains can have without an IOMMU in extended interrupt mode`;
  return Object.entries({ vcpus, maxVcpus }).flatMap(([property, count]) =>
    typeof count === "number" && count > MAX_VCPUS_X86 ? [{ property, reason: reason(count) }] : [],
  );
}

/** libvirt: "CPU topology doesn't match maximum vcpu count". */
export function topologyOfMaximum({ vcpus = 1, maxVcpus = vcpus, cpuTopology }: Partial<Inputs>): Failure[] {
  if (cpuTopology === undefined || typeof cpuTopology !== "object") return [];
  const { sockets, dies = 1, cores, threads = 1 } = cpuTopology;
  const parts: unknown[] = [sockets, dies, cores, threads];
  if (typeof maxVcpus !== "number" || parts.includes(UNKNOWN)) return [];
  const product = sockets * dies * cores * threads;
  if (product === maxVcpus) return [];
  const text = `${sockets} sockets × ${dies} dies × ${cores} cores × ${threads} threads`;
  const reason = `has ${text} = ${product}, but maxVcpus is ${maxVcpus}; the two must be equal`;
  return [{ property: "cpuTopology", reason }];
}

/** libvirt: "vCPUs count must be a multiple of the vCPU hotplug granularity", which is a core on POWER. */
export function vcpusInWholeCores({ vcpus, arch, cpuTopology }: Partial<Inputs>): Failure[] {
  const threads: unknown = typeof cpuTopology === "object" ? (cpuTopology.threads ?? 1) : 1;
  if (arch !== "ppc64" && arch !== "ppc64le") return [];
  if (typeof threads !== "number" || typeof vcpus !== "number" || vcpus % threads === 0) return [];
  const reason = `is ${vcpus}, but ${arch} domains have whole cores of ${threads} threads (cpuTopology.threads); use a multiple of ${threads}`;
  return [{ property: "vcpus", reason }];
}
