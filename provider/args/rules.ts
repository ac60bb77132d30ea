import { KIB_PER_GIB } from "../units/kib.ts";
import { formatMib, formatSize } from "../units/size.ts";
import { addressesCanBeFound } from "./addresses.ts";
import { balloonTarget } from "./balloon-rules.ts";
import {
  bootOrdersDiffer,
  busTakesDevice,
  macsAreNotReserved,
  macsDiffer,
  namesDiffer,
  sourcesDiffer,
} from "./device-rules.ts";
import type { Failure } from "./failure.ts";
import { graphicsOptions, graphicsPassword } from "./graphics-rules.ts";
import { periodOfRng, screensOfVideo, tpmModel, watchdogModel } from "./hardware-rules.ts";
import type { Inputs } from "./inputs.ts";
import { isBlockSize, SMALLEST_GUEST_BLOCK } from "./limits.ts";
import { guestWidth, memoryCap } from "./max-memory.ts";
import {
  emptyNodeIsWholePages,
  hugePagesOf,
  noLockedVirtioMem,
  wholeHugePages,
} from "./memory-backing-rules.ts";
import {
  emptyNodeCanGrow,
  oneEmptyNode,
  sharesWithinMemory,
  spreadInWholeMib,
  targetNodeExists,
  vcpusOfNodes,
} from "./numa-rules.ts";
import type { Defaults } from "./settings.ts";
import { knownHotplug, knownSize, UNKNOWN } from "./unknown.ts";
import { topologyOfMaximum, vcpusInWholeCores, vcpusOfX86, vcpusWithinMaximum } from "./vcpu-rules.ts";
import { noBalloonTarget, noDimmArguments, slotForEachNode } from "./virtio-mem-rules.ts";

type Rule = (inputs: Partial<Inputs>, defaults: Defaults, hasDomain?: boolean) => Failure[];

/** The rules between arguments. A rule finds nothing while a value that it needs isn't known. */
export const RULES: Readonly<Record<string, Rule>> = {
  memoryWithinMaxMemory,
  balloonTarget,
  withinCap,
  withinAddressSpace,
  alignmentIsBlockSize,
  alignmentWithinMaxMemory,
  maxDimmSizeIsAligned,
  hotplugIsEnabled,
  namesDiffer,
  sourcesDiffer,
  macsAreNotReserved,
  macsDiffer,
  bootOrdersDiffer,
  busTakesDevice,
  addressesCanBeFound,
  sharesWithinMemory,
  spreadInWholeMib,
  oneEmptyNode,
  emptyNodeCanGrow,
  vcpusOfNodes,
  vcpusWithinMaximum,
  vcpusOfX86,
  topologyOfMaximum,
  vcpusInWholeCores,
  targetNodeExists,
  noDimmArguments,
  noBalloonTarget,
  slotForEachNode,
  graphicsOptions,
  graphicsPassword,
  screensOfVideo,
  periodOfRng,
  tpmModel,
  watchdogModel,
  wholeHugePages,
  emptyNodeIsWholePages,
  noLockedVirtioMem,
};

/** @param hasDomain the resource has a domain already */
export function crossFieldFailures(
  inputs: Partial<Inputs>,
  defaults: Defaults,
  hasDomain: boolean,
): Failure[] {
  return Object.values(RULES).flatMap((rule) => rule(inputs, defaults, hasDomain));
}

function memoryWithinMaxMemory(inputs: Partial<Inputs>): Failure[] {
  const [memory, maxMemory] = [knownSize(inputs.memory), knownSize(inputs.maxMemory)];
  if (memory === undefined || maxMemory === undefined || memory <= maxMemory) return [];
  const reason = `is ${formatMib(memory)}, above maxMemory (${formatMib(maxMemory)}); lower memory or raise maxMemory`;
  return [{ property: "memory", reason }];
}

function withinCap(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  const width = guestWidth(inputs);
  if (width === undefined) return [];
  const cap = memoryCap(width, defaults);
  // Where maxMemory equals memory, as its default does beyond the cap, one failure is enough.
  const names =
    inputs.maxMemory === inputs.memory ? (["memory"] as const) : (["memory", "maxMemory"] as const);
  return names.flatMap((property) => {
    const size = knownSize(inputs[property]) ?? 0;
    const reason = `is ${formatMib(size)}, above the limit of ${formatMib(cap)} for a ${width}-bit guest (libvirt-hotplug:maxMemory${width}Bit)`;
    return size > cap ? [{ property, reason }] : [];
  });
}

/**
 * QEMU's x86 CPUs have 40 physical address bits unless they pass on the host's ("Address space limit … phys-bits too
 * low"). The memory, 1 GiB of alignment per slot and the space below 4 GiB must fit; QEMU checks the rest at start.
 */
function withinAddressSpace(inputs: Partial<Inputs>): Failure[] {
  const { arch = "x86_64", cpu, xml, memorySlots: slots } = inputs;
  const maxMemory = knownSize(inputs.maxMemory);
  const hasHostBits = cpu === "host-passthrough" || cpu === "maximum" || cpu === UNKNOWN;
  if (arch !== "x86_64" || hasHostBits || xml !== undefined) return [];
  if (maxMemory === undefined || typeof slots !== "number") return [];
  const most = ADDRESS_SPACE - (slots + BELOW_4_GIB) * KIB_PER_GIB;
  if (maxMemory <= most) return [];
  const reason = `is ${formatSize(maxMemory)}; with ${slots} slots, a guest whose CPU has 40 physical address bits can have at most ${formatSize(most)}; set cpu to "host-passthrough" to use the host's address bits`;
  return [{ property: inputs.memory === inputs.maxMemory ? "memory" : "maxMemory", reason }];
}

const ADDRESS_SPACE = 1024 * KIB_PER_GIB;
const BELOW_4_GIB = 4;

function alignmentIsBlockSize(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  const alignment = knownSize(knownHotplug(inputs).alignment);
  if (alignment === undefined || isBlockSize(alignment)) return [];
  const reason = `is ${formatMib(alignment)}; it must be a power of two of at least ${formatMib(SMALLEST_GUEST_BLOCK)}, the smallest memory block of a Linux guest (default: ${formatMib(defaults.alignment)})`;
  return [{ property: "hotplug.alignment", reason }];
}

function alignmentWithinMaxMemory(inputs: Partial<Inputs>): Failure[] {
  const [alignment, maxMemory] = [knownSize(knownHotplug(inputs).alignment), knownSize(inputs.maxMemory)];
  if (alignment === undefined || maxMemory === undefined || !isBlockSize(alignment)) return [];
  if (alignment <= maxMemory) return [];
  const reason = `is ${formatMib(alignment)}, above maxMemory (${formatMib(maxMemory)}), so no DIMM could ever be added`;
  return [{ property: "hotplug.alignment", reason }];
}

function maxDimmSizeIsAligned(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  const hotplug = knownHotplug(inputs);
  const size = knownSize(hotplug.maxDimmSize);
  if (size === undefined || hotplug.alignment === UNKNOWN) return [];
  const alignment = knownSize(hotplug.alignment) ?? defaults.alignment;
  const own = knownSize(typeof hotplug.source === "object" ? hotplug.source.pageSize : undefined);
  const pageSize = own ?? hugePagesOf(inputs) ?? 0;
  const unit = Math.max(alignment, pageSize);
  if (size % unit === 0) return [];
  const ofPages = own === undefined ? "memoryBacking.hugePages" : "hotplug.source.pageSize";
  const what = pageSize > alignment ? ofPages : "hotplug.alignment";
  const below = size - (size % unit);
  const nearest = [below, below + unit].filter((near) => near > 0).map(formatMib);
  const reason = `is ${formatMib(size)}, which is not a multiple of ${formatMib(unit)} (${what}); use ${nearest.join(" or ")}`;
  return [{ property: "hotplug.maxDimmSize", reason }];
}

function hotplugIsEnabled(inputs: Partial<Inputs>): Failure[] {
  const hotplug = knownHotplug(inputs);
  if (hotplug.enabled !== false) return [];
  const unused = (["targetNode", "maxDimmSize", "source", "before", "after"] as const).filter(
    (name) => hotplug[name] !== undefined,
  );
  const reason = "has no effect when hotplug.enabled is false";
  return unused.map((name) => ({ property: `hotplug.${name}`, reason }));
}
