import { setMemory } from "../../domain/memory.ts";
import { observe } from "../../observe/observe.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";

/** Sets the memory of the inactive definition, for the next boot. */
export const define: Action<Extract<Step, { kind: "define" }>> = {
  async run({ definition }, { hypervisor, domain }) {
    const xml = await hypervisor.xml(domain, { inactive: true, secure: true });
    await hypervisor.define(
      setMemory(xml, {
        cells: definition.cells.map(({ memory }) => memory),
        total: definition.memory,
        currentMemory: definition.currentMemory ?? definition.memory,
        maxMemory: definition.maxMemory ?? null,
        removeAliases: definition.removeAliases,
        virtioMem: definition.virtioMem ?? [],
      }),
    );
    return observe(hypervisor, domain);
  },
};
