import type { HotplugInput, Inputs } from "../args/inputs.ts";
import { guestWidth } from "../args/max-memory.ts";
import { type Defaults, type HotplugSettings, hotplugSettings } from "../args/settings.ts";
import { containsUnknown } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import type { Kib } from "../units/kib.ts";
import { readCanonicalSize } from "../units/size.ts";

/** A NUMA node's own share of the memory, from the program. */
export interface Share {
  memory: Kib;
  cpus?: string;
}

/** What the program asks of a domain's memory, with every default applied. */
export interface DesiredMemory extends HotplugSettings {
  memory: Kib;
  maxMemory: Kib;
  slots: number;
  /** The balloon target. Undefined: the program doesn't set it, so the balloon isn't touched. */
  currentMemory?: Kib;
  /** The guest NUMA node that gets the memory beyond the nodes' own shares, or "spread": all nodes, evenly. */
  target: NonNullable<HotplugInput["targetNode"]>;
  /** Undefined: the nodes stay as they are; a new domain has one. */
  shares?: Share[];
  emptyNode: NonNullable<HotplugInput["emptyNode"]>;
  maxDimmSize?: Kib;
  source?: { nodemask?: string; pageSize?: Kib };
  /** The domain wasn't created by this provider, so it must not be replaced. */
  adopted: boolean;
  forceOff: boolean;
  /** Whether a change of memory may restart or replace the domain. */
  allowDowntime: boolean;
  width: 32 | 64;
}

/** The arguments that set the memory of a domain. */
export const MEMORY_FIELDS = ["memory", "maxMemory", "memorySlots", "numa", "currentMemory"] as const;

/** The arguments that a plan of the memory depends on. */
const PLAN_FIELDS = [...MEMORY_FIELDS, "hotplug", "guestWidth"] as const;

/**
 * @param adopted the domain wasn't created by this provider
 * @returns undefined while a value that the plan depends on isn't known
 */
export function desiredMemory(
  inputs: Inputs,
  defaults: Defaults,
  adopted = false,
): DesiredMemory | undefined {
  const width = guestWidth(inputs);
  if (width === undefined || PLAN_FIELDS.some((name) => containsUnknown(inputs[name]))) return undefined;
  const { hotplug = {}, numa } = inputs;
  const { source } = hotplug;
  return {
    ...hotplugSettings(inputs, defaults),
    memory: readCanonicalSize(inputs.memory),
    maxMemory: readCanonicalSize(inputs.maxMemory),
    slots: inputs.memorySlots,
    target: hotplug.targetNode ?? 0,
    emptyNode: hotplug.emptyNode ?? "minimal",
    adopted,
    forceOff: inputs.forceOff === true,
    allowDowntime: defaults.allowDowntime,
    width,
    ...defined({
      currentMemory: sizeOf(inputs.currentMemory),
      maxDimmSize: sizeOf(hotplug.maxDimmSize),
      shares: numa?.map(({ memory, cpus }) => defined({ memory: sizeOf(memory) ?? 0, cpus })),
      source: source && defined({ nodemask: source.nodeset, pageSize: sizeOf(source.pageSize) }),
    }),
  };
}

function sizeOf(text: string | undefined): Kib | undefined {
  return text === undefined ? undefined : readCanonicalSize(text);
}
