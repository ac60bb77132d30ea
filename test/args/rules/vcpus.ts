import { memory, type Row } from "./row.ts";

/** Of vCPUs and their topology. */
export const VCPUS: Record<string, Row[]> = {
  vcpusWithinMaximum: [
    [
      "more vCPUs than maxVcpus",
      { memory, vcpus: 4, maxVcpus: 3 },
      "vcpus",
      "is 4, above maxVcpus (3); lower vcpus or raise maxVcpus",
    ],
  ],
  vcpusOfX86: [
    [
      "more vCPUs than an x86 domain has interrupts for",
      { memory, arch: "x86_64", vcpus: 2, maxVcpus: 256 },
      "maxVcpus",
      "is 256, above 255, the most that x86_64 domains can have without an IOMMU in extended interrupt mode",
    ],
  ],
  topologyOfMaximum: [
    [
      "a topology that isn't the maximum",
      { memory, vcpus: 2, maxVcpus: 8, cpuTopology: { sockets: 3, cores: 2 } },
      "cpuTopology",
      "has 3 sockets × 1 dies × 2 cores × 1 threads = 6, but maxVcpus is 8; the two must be equal",
    ],
  ],
  vcpusInWholeCores: [
    [
      "half a core on POWER",
      { memory, arch: "ppc64le", vcpus: 6, maxVcpus: 16, cpuTopology: { sockets: 2, cores: 2, threads: 4 } },
      "vcpus",
      "is 6, but ppc64le domains have whole cores of 4 threads (cpuTopology.threads); use a multiple of 4",
    ],
  ],
};
