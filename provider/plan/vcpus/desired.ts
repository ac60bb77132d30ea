import type { Inputs } from "../../args/inputs.ts";
import { DEFAULT_VCPUS } from "../../args/max-vcpus.ts";
import { type Defaults, type HotplugSettings, hotplugSettings } from "../../args/settings.ts";
import { containsUnknown } from "../../args/unknown.ts";
import { defined } from "../../defined.ts";
import type { CpuTopology } from "../../domain/state.ts";

/** What the program asks of a domain's vCPUs, with every default applied. */
export interface DesiredVcpus extends HotplugSettings {
  /** Undefined: the domain keeps what it has, since the program's own XML, or an adopted domain, decides. */
  vcpus?: number;
  /** Undefined, for domains of earlier versions: the domain keeps its maximum while it is enough. */
  maximum?: number;
  /** Undefined: sockets, dies and threads stay, and the number of cores follows the maximum. */
  topology?: CpuTopology;
  /** The number of NUMA nodes, where the program names them. */
  nodes?: number;
  adopted: boolean;
  forceOff: boolean;
  allowDowntime: boolean;
}

/** The arguments that set the vCPUs of a domain. */
export const VCPU_FIELDS = ["vcpus", "maxVcpus", "cpuTopology"] as const;

/**
 * @param adopted the domain wasn't created by this provider
 * @returns undefined while a value that the plan depends on isn't known
 */
export function desiredVcpus(inputs: Inputs, defaults: Defaults, adopted = false): DesiredVcpus | undefined {
  if ([...VCPU_FIELDS, "hotplug" as const].some((name) => containsUnknown(inputs[name]))) return undefined;
  const { vcpus, maxVcpus, cpuTopology, numa, xml } = inputs;
  const isKept = adopted || xml !== undefined;
  return {
    ...hotplugSettings(inputs, defaults),
    adopted,
    forceOff: inputs.forceOff === true,
    allowDowntime: defaults.allowDowntime,
    ...defined({
      vcpus: vcpus ?? (isKept ? undefined : DEFAULT_VCPUS),
      maximum: maxVcpus,
      topology: cpuTopology && { dies: 1, threads: 1, ...cpuTopology },
      nodes: Array.isArray(numa) ? numa.length : undefined,
    }),
  };
}
