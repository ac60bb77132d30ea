import { vcpusOf } from "../../domain/state.ts";
import { readNumbers } from "../../units/number-list.ts";
import type { MemoryView, Observed } from "../observed.ts";
import { pauseObstacles, releaseObstacles } from "../pause.ts";
import type { Obstacle } from "../plan.ts";
import { HOTPLUG_DISABLED } from "../platform.ts";
import { formatNumbers } from "../text.ts";
import type { DesiredVcpus } from "./desired.ts";
import { vcpuPlatformReason, vcpuUnit } from "./platform.ts";

/** Why vCPUs can't be plugged into the running guest: all reasons at once. */
export function reasonsAgainstPlug(
  desired: DesiredVcpus,
  observed: Observed,
  live: MemoryView,
  wanted: number,
): Obstacle[] {
  return [
    ...unansweredRemoval(observed),
    ...pauseObstacles(observed, "vCPUs"),
    ...platformObstacles(desired, live),
    ...(wanted > live.vcpus
      ? [
          {
            code: "beyond-max-vcpus" as const,
            text: `${wanted} vCPUs are above the running domain's maximum of ${live.vcpus}, which is fixed at boot`,
            predicate: `exceeds the running domain's maximum of ${live.vcpus}`,
          },
        ]
      : []),
    ...wholeCores(live, wanted),
  ];
}

/** Why vCPUs can't be removed from the running guest. */
export function reasonsAgainstUnplug(
  desired: DesiredVcpus,
  observed: Observed,
  live: MemoryView,
  wanted: number,
): Obstacle[] {
  const present = vcpusOf(live);
  const removable = removableVcpus(live);
  const least = present - removable.length;
  const tooFew: Obstacle = {
    code: "vcpus-not-removable",
    text:
      removable.length === 0
        ? `the running domain's ${present} vCPUs are fixed until it is shut down and started`
        : `of the running domain's ${present} vCPUs only ${formatNumbers(removable)} can be removed, so at least ${least} stay`,
    predicate:
      removable.length === 0
        ? "would remove vCPUs that are fixed until the next boot"
        : `would remove more than the removable vCPUs (${formatNumbers(removable)})`,
  };
  const isPossible = wanted >= least;
  const gone = removable.slice(wanted - present);
  return [
    ...unansweredRemoval(observed),
    ...releaseObstacles(observed, "vCPUs"),
    ...platformObstacles(desired, live),
    ...(isPossible ? [] : [tooFew]),
    ...wholeCores(live, wanted),
    ...(desired.allowUnplug || !isPossible
      ? []
      : [
          {
            code: "unplug-not-allowed" as const,
            text: `hotplug.allowUnplug is false (if true, ${gone.length === 1 ? "vCPU" : "vCPUs"} ${formatNumbers(gone)} could be removed)`,
            predicate: "needs hotplug.allowUnplug: true",
          },
        ]),
  ];
}

/** The numbers of the vCPUs that QEMU can remove from the running domain; libvirt removes the highest ones first. */
export function removableVcpus(live: MemoryView): number[] {
  const { fixedVcpus, arch } = live;
  if (fixedVcpus === undefined || arch === "s390x") return [];
  const fixed = new Set(readNumbers(fixedVcpus));
  return Array.from({ length: vcpusOf(live) }, (_, vcpu) => vcpu).filter((vcpu) => !fixed.has(vcpu));
}

/**
 * libvirt waits 5 s for a removal and then keeps the old number, while the guest and QEMU may have removed the vCPU: the next change
 * of the vCPUs can end QEMU (libvirt 9.0 with QEMU 7.2 under emulation).
 */
function unansweredRemoval({ vcpuRemoval, live }: Observed): Obstacle[] {
  if (vcpuRemoval === undefined || (live?.domainId ?? vcpuRemoval.domainId) !== vcpuRemoval.domainId)
    return [];
  return [
    {
      code: "vcpu-removal-unanswered",
      text: `an earlier removal of vCPUs (down to ${vcpuRemoval.to}) got no answer, so what the domain has isn't certain: its vCPUs can't change until it is shut down and started`,
      predicate: "needs a restart after a removal of vCPUs that got no answer",
    },
  ];
}

function platformObstacles({ enabled }: DesiredVcpus, live: MemoryView): Obstacle[] {
  const reason = vcpuPlatformReason(live);
  return [...(enabled ? [] : [HOTPLUG_DISABLED]), ...(reason === undefined ? [] : [reason])];
}

function wholeCores(live: MemoryView, wanted: number): Obstacle[] {
  const unit = vcpuUnit(live);
  if (wanted % unit === 0 && vcpusOf(live) % unit === 0) return [];
  return [
    {
      code: "vcpus-not-whole-cores",
      text: `POWER guests get and lose vCPUs in whole cores, which have ${unit} threads here`,
      predicate: `isn't a number of whole cores of ${unit} threads`,
    },
  ];
}
