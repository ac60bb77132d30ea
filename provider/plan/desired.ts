import type { Defaults } from "../args/defaults.ts";
import type { Fallback, Inputs, PlugDevice } from "../args/inputs.ts";
import { guestWidth } from "../args/limits.ts";
import { containsUnknown } from "../args/unknown.ts";
import type { Kib } from "../units/kib.ts";
import { readCanonicalSize } from "../units/size.ts";

/** A NUMA node's own share of the memory, as the program gives it. */
export interface Share {
  memory: Kib;
  cpus?: string;
}

/** What the program asks of a domain's memory, every default applied. */
export interface DesiredMemory {
  memory: Kib;
  maxMemory: Kib;
  slots: number;
  /** False: nothing is ever plugged, and the domain has no maxMemory. */
  enabled: boolean;
  alignment: Kib;
  whenNotPossible: Fallback;
  applyOn: "now" | "nextBoot";
  /** What memory is added with. */
  device: PlugDevice;
  /** Less memory may be had by taking DIMMs out of the running domain. */
  allowUnplug: boolean;
  /** DIMMs that the guest could not take because they are misplaced are plugged anew. */
  heal: boolean;
  /** What the balloon leaves the guest; undefined: the program doesn't say, and nothing is ballooned. */
  currentMemory?: Kib;
  /** The guest NUMA node that takes what is above the shares, or all nodes alike. */
  target: number | "spread";
  /** Undefined: the nodes stay as they are; one, for a domain made from scratch. */
  shares?: Share[];
  emptyNode: "minimal" | "exact";
  maxDimmSize?: Kib;
  source?: { nodemask?: string; pageSize?: Kib };
  /** A replace would destroy what this provider did not make. */
  adopted: boolean;
  forceOff: boolean;
  allowDowntime: boolean;
  width: 32 | 64;
}

/** The arguments that say what memory a domain shall have. */
export const MEMORY_FIELDS = ["memory", "maxMemory", "memorySlots", "numa", "currentMemory"] as const;

/** All that a plan of the memory is made from. */
const PLAN_FIELDS = [...MEMORY_FIELDS, "hotplug", "guestWidth"] as const;

/**
 * @param adopted somebody else made the domain
 * @returns undefined while a value that the plan needs isn't known
 */
export function desiredMemory(
  inputs: Inputs,
  defaults: Defaults,
  adopted = false,
): DesiredMemory | undefined {
  const width = guestWidth(inputs);
  if (width === undefined || PLAN_FIELDS.some((name) => containsUnknown(inputs[name]))) return undefined;
  const { hotplug = {}, numa, currentMemory } = inputs;
  const { alignment, maxDimmSize, source } = hotplug;
  return {
    memory: readCanonicalSize(inputs.memory),
    maxMemory: readCanonicalSize(inputs.maxMemory),
    slots: inputs.memorySlots,
    enabled: hotplug.enabled ?? defaults.enabled,
    alignment: alignment === undefined ? defaults.alignment : readCanonicalSize(alignment),
    whenNotPossible: hotplug.whenNotPossible ?? defaults.whenNotPossible,
    applyOn: hotplug.applyOn ?? defaults.applyOn,
    device: hotplug.device ?? defaults.device,
    allowUnplug: hotplug.allowUnplug ?? defaults.allowUnplug,
    heal: hotplug.heal ?? defaults.heal,
    target: hotplug.targetNode ?? 0,
    emptyNode: hotplug.emptyNode ?? "minimal",
    adopted,
    forceOff: inputs.forceOff === true,
    allowDowntime: defaults.allowDowntime,
    width,
    ...(numa !== undefined && {
      shares: numa.map(({ memory, cpus }) => ({
        memory: memory === undefined ? 0 : readCanonicalSize(memory),
        ...(cpus !== undefined && { cpus }),
      })),
    }),
    ...(currentMemory !== undefined && { currentMemory: readCanonicalSize(currentMemory) }),
    ...(maxDimmSize !== undefined && { maxDimmSize: readCanonicalSize(maxDimmSize) }),
    ...(source !== undefined && {
      source: {
        ...(source.nodeset !== undefined && { nodemask: source.nodeset }),
        ...(source.pageSize !== undefined && { pageSize: readCanonicalSize(source.pageSize) }),
      },
    }),
  };
}
