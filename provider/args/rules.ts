import { KIB_PER_GIB } from "../units/kib.ts";
import { formatMib, formatSize } from "../units/size.ts";
import { balloonFailures } from "./balloon-rules.ts";
import type { Defaults } from "./settings.ts";
import type { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import { isBlockSize, SMALLEST_GUEST_BLOCK } from "./limits.ts";
import { guestWidth, memoryCap } from "./max-memory.ts";
import { numaFailures } from "./numa-rules.ts";
import { knownHotplug, knownSize, UNKNOWN } from "./unknown.ts";
import { virtioMemFailures } from "./virtio-mem-rules.ts";

type Rule = (inputs: Partial<Inputs>, defaults: Defaults) => Failure[];

/** One rule, one failure, with the numbers in it. A rule is silent while a value that it needs isn't known. */
const RULES: readonly Rule[] = [
  memoryWithinCeiling,
  balloonFailures,
  withinCap,
  withinAddressSpace,
  alignmentFits,
  dimmSizeFits,
  hotplugIsOn,
  macsDiffer,
  numaFailures,
  virtioMemFailures,
];

export function crossFieldFailures(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  return RULES.flatMap((rule) => rule(inputs, defaults));
}

function memoryWithinCeiling(inputs: Partial<Inputs>): Failure[] {
  const [memory, ceiling] = [knownSize(inputs.memory), knownSize(inputs.maxMemory)];
  if (memory === undefined || ceiling === undefined || memory <= ceiling) return [];
  const reason = `${formatMib(memory)} is above maxMemory, ${formatMib(ceiling)}; lower it, or raise maxMemory to at least ${formatMib(memory)}`;
  return [{ property: "memory", reason }];
}

function withinCap(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  const width = guestWidth(inputs);
  if (width === undefined) return [];
  const cap = memoryCap(width, defaults);
  // A ceiling that is the memory itself, as the default one is then, is not a second thing that is wrong.
  const named =
    inputs.maxMemory === inputs.memory ? (["memory"] as const) : (["memory", "maxMemory"] as const);
  const beyond = named.filter((name) => (knownSize(inputs[name]) ?? 0) > cap);
  return beyond.map((property) => ({
    property,
    reason: `is ${formatMib(knownSize(inputs[property]) ?? 0)}, beyond the cap of ${formatMib(cap)} for a ${width}-bit guest (libvirt-hotplug:maxMemory${width}Bit)`,
  }));
}

/**
 * QEMU's x86 CPUs have 40 physical address bits unless the host's are passed on («Address space limit … phys-bits too
 * low»); memory, 1 GiB of alignment a slot, and what lies below 4 GiB must fit. QEMU knows the rest at start.
 */
function withinAddressSpace(inputs: Partial<Inputs>): Failure[] {
  const { arch = "x86_64", cpu, xml, memorySlots: slots } = inputs;
  const ceiling = knownSize(inputs.maxMemory);
  const hasHostBits = cpu === "host-passthrough" || cpu === "maximum" || cpu === UNKNOWN;
  if (arch !== "x86_64" || hasHostBits || xml !== undefined) return [];
  if (ceiling === undefined || typeof slots !== "number") return [];
  const most = ADDRESS_SPACE - (slots + BELOW_4_GIB) * KIB_PER_GIB;
  if (ceiling <= most) return [];
  const reason = `is ${formatSize(ceiling)}; with ${slots} slots a guest whose CPU has 40 physical address bits can have at most ${formatSize(most)}; cpu: "host-passthrough" gives it the host's bits`;
  return [{ property: inputs.memory === inputs.maxMemory ? "memory" : "maxMemory", reason }];
}

const ADDRESS_SPACE = 1024 * KIB_PER_GIB;
const BELOW_4_GIB = 4;

function alignmentFits(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  const alignment = knownSize(knownHotplug(inputs).alignment);
  if (alignment === undefined) return [];
  const property = "hotplug.alignment";
  if (!isBlockSize(alignment)) {
    const reason = `is ${formatMib(alignment)}; it must be a power of two of at least ${formatMib(SMALLEST_GUEST_BLOCK)}, the smallest memory block of a Linux guest (the default is ${formatMib(defaults.alignment)})`;
    return [{ property, reason }];
  }
  const ceiling = knownSize(inputs.maxMemory);
  if (ceiling === undefined || alignment <= ceiling) return [];
  const reason = `is ${formatMib(alignment)}, more than maxMemory, ${formatMib(ceiling)}: no DIMM could ever be added`;
  return [{ property, reason }];
}

function dimmSizeFits(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  const hotplug = knownHotplug(inputs);
  const most = knownSize(hotplug.maxDimmSize);
  if (most === undefined || hotplug.alignment === UNKNOWN) return [];
  const alignment = knownSize(hotplug.alignment) ?? defaults.alignment;
  const pageSize = knownSize(typeof hotplug.source === "object" ? hotplug.source.pageSize : undefined) ?? 0;
  const unit = Math.max(alignment, pageSize);
  if (most % unit === 0) return [];
  const what = pageSize > alignment ? "the page size" : "the alignment";
  const below = most - (most % unit);
  const near = [below, below + unit].filter((size) => size > 0).map(formatMib);
  return [
    {
      property: "hotplug.maxDimmSize",
      reason: `is ${formatMib(most)}, no multiple of ${what}, ${formatMib(unit)}; the nearest: ${near.join(", ")}`,
    },
  ];
}

/** Arguments that say how to hot-plug make no sense where it is switched off. */
function hotplugIsOn(inputs: Partial<Inputs>): Failure[] {
  const hotplug = knownHotplug(inputs);
  if (hotplug.enabled !== false) return [];
  const idle = (["targetNode", "maxDimmSize", "source", "before", "after"] as const).filter(
    (name) => hotplug[name] !== undefined,
  );
  return idle.map((name) => ({
    property: `hotplug.${name}`,
    reason: "has no meaning while hotplug.enabled is false",
  }));
}

function macsDiffer(inputs: Partial<Inputs>): Failure[] {
  const interfaces = Array.isArray(inputs.interfaces) ? inputs.interfaces : [];
  const macs = interfaces.map((one) => one.mac);
  return macs.flatMap((mac, index) => {
    const first = macs.indexOf(mac);
    return mac === undefined || mac === UNKNOWN || first === index
      ? []
      : [{ property: `interfaces[${index}].mac`, reason: `is ${mac}, which interfaces[${first}] has too` }];
  });
}
