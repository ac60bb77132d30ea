import { ofEight, running } from "../../support/scene.ts";
import { type Row, update } from "./row.ts";

/** Why the number of vCPUs isn't changed live. */
export const VCPUS: Row[] = [
  [
    "vcpus-arch-unsupported",
    "aarch64 machines don't support vCPU hot-plug",
    update({ vcpus: 2 }, running({ arch: "aarch64", uefi: true, vcpus: ofEight(1) })),
  ],
  [
    "vcpus-machine-unsupported",
    "the microvm machine type doesn't support vCPU hot-plug",
    update({ vcpus: 2 }, running({ machine: "microvm", vcpus: ofEight(1) })),
  ],
  [
    "vcpus-machine-unsupported",
    "only the pseries machine type supports vCPU hot-plug on POWER, not powernv9",
    update({ vcpus: 2 }, running({ arch: "ppc64le", machine: "powernv9", vcpus: ofEight(1) })),
  ],
  [
    "no-acpi",
    "the domain has no ACPI, which guests need for vCPU hot-plug",
    update({ vcpus: 2 }, running({ acpi: false, vcpus: ofEight(1) })),
  ],
  [
    "beyond-max-vcpus",
    "9 vCPUs are above the running domain's maximum of 8, which is fixed at boot",
    update({ vcpus: 9 }, running({ vcpus: ofEight(1) })),
  ],
  [
    "vcpus-not-removable",
    "the running domain's 4 vCPUs are fixed until it is shut down and started",
    update({ vcpus: 2 }, running({ vcpus: { vcpus: 4 } })),
  ],
  [
    "vcpus-not-removable",
    "of the running domain's 4 vCPUs only 3 can be removed, so at least 3 stay",
    update({ vcpus: 2 }, running({ vcpus: { vcpus: 4, fixedVcpus: "0-2" } })),
  ],
  [
    "unplug-not-allowed",
    "hotplug.allowUnplug is false (if true, vCPUs 2 and 3 could be removed)",
    update({ vcpus: 2 }, running({ vcpus: ofEight(4) })),
  ],
  [
    "vcpus-not-whole-cores",
    "POWER guests get and lose vCPUs in whole cores, which have 4 threads here",
    update(
      { vcpus: 6 },
      running({
        ...{ arch: "ppc64le", machine: "pseries" },
        vcpus: { vcpus: 8, currentVcpus: 4, topology: { sockets: 1, dies: 1, cores: 2, threads: 4 } },
      }),
    ),
  ],
  [
    "vcpu-removal-unanswered",
    "an earlier removal of vCPUs (down to 2) got no answer, so what the domain has isn't certain: its vCPUs can't change until it is shut down and started",
    update({ vcpus: 3 }, { ...running({ vcpus: ofEight(4) }), vcpuRemoval: { domainId: 7, to: 2 } }),
  ],
  [
    "topology-not-divisible",
    "a maximum of 9 vCPUs can't be divided among the domain's 2 sockets of 2 cores",
    update(
      { maxVcpus: 9 },
      running({
        vcpus: { vcpus: 4, currentVcpus: 1, topology: { sockets: 2, dies: 1, cores: 2, threads: 1 } },
      }),
    ),
  ],
  [
    "topology-not-divisible",
    "cpuTopology has 1 socket of 3 cores, which isn't the domain's maximum of 4 vCPUs",
    update(
      { vcpus: 1, cpuTopology: { sockets: 1, cores: 3 } },
      running({ vcpus: { vcpus: 4, currentVcpus: 1 } }),
    ),
  ],
];
