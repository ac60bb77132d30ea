import type { MemoryView, Observed } from "../../provider/plan/observed.ts";
import type { MemoryDefinition, Step } from "../../provider/plan/plan.ts";

/** What a domain is like after a step, as libvirt would have it: pure, and without the steps that concern no memory. */
export function afterStep(observed: Observed, step: Step): Observed {
  const { live, nextBoot, persistent } = observed;
  switch (step.kind) {
    case "attach": {
      if (live === undefined) throw new Error("nothing runs that could take a DIMM");
      const { size, node, slot, alias } = step.dimm;
      if (live.devices.some((device) => device.slot === slot)) throw new Error(`slot ${slot} is taken`);
      const devices = [...live.devices, { model: "dimm" as const, size, node, slot, alias }];
      return { ...observed, live: { ...live, memory: live.memory + size, devices } };
    }
    case "define":
      if (nextBoot === undefined) throw new Error("a transient domain has no definition");
      return { ...observed, nextBoot: defined(nextBoot, step.definition) };
    case "start":
      if (nextBoot === undefined) throw new Error("there is nothing to start");
      return { ...observed, power: "running", live: nextBoot };
    case "stop":
      return { power: "off", persistent, ...(nextBoot && { nextBoot }) };
    case "redefine":
    case "autostart":
      return observed;
    case "replace":
      throw new Error("a replace is not carried out step by step");
  }
}

/** libvirt counts the total itself where there are cells (virDomainDefPostParseMemory). */
function defined(nextBoot: MemoryView, definition: MemoryDefinition): MemoryView {
  const { maxMemory: _, ...rest } = nextBoot;
  const devices = rest.devices.filter(({ alias }) => !definition.removeAliases.includes(alias ?? ""));
  const cells = rest.cells.map((cell) => ({
    ...cell,
    memory: definition.cells.find(({ id }) => id === cell.id)?.memory ?? Number.NaN,
  }));
  const memory =
    cells.length === 0
      ? definition.memory
      : [...cells.map((cell) => cell.memory), ...devices.map(({ size }) => size)].reduce((a, b) => a + b, 0);
  const ceiling = definition.maxMemory && { maxMemory: definition.maxMemory };
  return { ...rest, devices, cells, memory, currentMemory: memory, ...ceiling };
}
