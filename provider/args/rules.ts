import type { Failure } from "./check-inputs.ts";
import type { Inputs } from "./inputs.ts";
import { DEFAULT_ALIGNMENT, memoryCap, SMALLEST_GUEST_BLOCK } from "./limits.ts";
import { KIB_PER_MIB, readCanonicalSize, sayMib, UNKNOWN } from "./size.ts";

type Rule = (inputs: Partial<Inputs>) => Failure[];

/** One rule, one failure, with the numbers in it. A rule is silent while a value that it needs isn't known. */
const RULES: readonly Rule[] = [memoryWithinCeiling, withinCap, alignmentFits, macsDiffer];

export function crossFieldFailures(inputs: Partial<Inputs>): Failure[] {
  return RULES.flatMap((rule) => rule(inputs));
}

function known(size: string | undefined): number | undefined {
  return size === undefined || size === UNKNOWN ? undefined : readCanonicalSize(size);
}

function memoryWithinCeiling(inputs: Partial<Inputs>): Failure[] {
  const [memory, ceiling] = [known(inputs.memory), known(inputs.maxMemory)];
  if (memory === undefined || ceiling === undefined || memory <= ceiling) return [];
  const reason = `${sayMib(memory)} is above maxMemory, ${sayMib(ceiling)}; lower it, or raise maxMemory to at least ${sayMib(memory)}`;
  return [{ property: "memory", reason }];
}

function withinCap(inputs: Partial<Inputs>): Failure[] {
  if (inputs.arch === UNKNOWN) return [];
  const { cap, bits } = memoryCap(inputs.arch);
  // A ceiling that is the memory itself, as the default one is then, is not a second thing that is wrong.
  const named =
    inputs.maxMemory === inputs.memory ? (["memory"] as const) : (["memory", "maxMemory"] as const);
  const beyond = named.filter((name) => (known(inputs[name]) ?? 0) > cap);
  return beyond.map((property) => ({
    property,
    reason: `is ${sayMib(known(inputs[property]) ?? 0)}, beyond the cap of ${sayMib(cap)} for a ${bits}-bit guest`,
  }));
}

function alignmentFits(inputs: Partial<Inputs>): Failure[] {
  const hotplug = inputs.hotplug;
  const alignment = typeof hotplug === "object" ? known(hotplug.alignment) : undefined;
  if (alignment === undefined) return [];
  const property = "hotplug.alignment";
  const mib = alignment / KIB_PER_MIB;
  if (alignment < SMALLEST_GUEST_BLOCK || !Number.isInteger(Math.log2(mib)))
    return [
      {
        property,
        reason: `is ${sayMib(alignment)}; it must be a power of two of at least ${sayMib(SMALLEST_GUEST_BLOCK)}, the smallest memory block of a Linux guest (the default is ${sayMib(DEFAULT_ALIGNMENT)})`,
      },
    ];
  const ceiling = known(inputs.maxMemory);
  if (ceiling !== undefined && alignment > ceiling)
    return [
      {
        property,
        reason: `is ${sayMib(alignment)}, more than maxMemory, ${sayMib(ceiling)}: no DIMM could ever be added`,
      },
    ];
  return [];
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
