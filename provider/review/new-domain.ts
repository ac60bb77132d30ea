import type { Inputs } from "../args/inputs.ts";
import { DEFAULT_VCPUS } from "../args/max-vcpus.ts";
import type { Defaults } from "../args/settings.ts";
import { containsUnknown } from "../args/unknown.ts";
import { type DesiredMemory, desiredMemory } from "../plan/desired.ts";
import { cellsFor } from "../plan/numa/cells.ts";
import type { MemoryView, Observed } from "../plan/observed.ts";
import { sizeIn } from "../units/size.ts";
import type { Properties } from "./properties.ts";

/**
 * The memory of a domain that is created from arguments: all of it is base memory.
 *
 * @param old the domain that it replaces, whose platform it has
 * @returns undefined where an argument isn't known
 */
export function newDomain(
  inputs: Properties,
  old: Observed | undefined,
  defaults: Defaults,
): Observed | undefined {
  const { memory, maxMemory, memorySlots, vcpus = DEFAULT_VCPUS, maxVcpus = vcpus, machine } = inputs;
  const size = sizeIn(memory);
  const desired = desiredIn(inputs, defaults);
  if (size === undefined || desired === undefined || typeof maxVcpus !== "number") return undefined;
  const ceiling = sizeIn(maxMemory) ?? size;
  const platform = old?.live ?? old?.nextBoot;
  const view: MemoryView = {
    memory: size,
    currentMemory: size,
    cells: cellsFor(desired, typeof machine === "string" ? machine : undefined).map(({ id, memory }) => ({
      id,
      memory,
    })),
    devices: [],
    vcpus: maxVcpus,
    ...(typeof vcpus === "number" && vcpus !== maxVcpus && { currentVcpus: vcpus }),
    acpi: platform?.acpi ?? true,
    uefi: platform?.uefi ?? false,
    ...(platform?.arch !== undefined && { arch: platform.arch }),
    ...(ceiling > size && {
      maxMemory: { size: ceiling, ...(typeof memorySlots === "number" && { slots: memorySlots }) },
    }),
  };
  return { power: "running", persistent: true, live: view, nextBoot: view };
}

function desiredIn(inputs: Properties, defaults: Defaults): DesiredMemory | undefined {
  if (containsUnknown(inputs.numa)) return undefined;
  try {
    return desiredMemory(inputs as unknown as Inputs, defaults);
  } catch {
    // Edited by hand.
    return undefined;
  }
}
