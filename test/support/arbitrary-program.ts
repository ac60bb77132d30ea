import fc from "fast-check";
import type { Inputs } from "../../provider/args/inputs.ts";
import { defined } from "../../provider/defined.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import { checkedInputs, MIB } from "./scene.ts";

/** A program for such a domain as check returned it, and what it was before. */
export interface Program {
  inputs: Inputs;
  before: Inputs;
}

const flag = fc.option(fc.boolean(), { nil: undefined });

/** Any size, whatever is wanted of the power, and any other change beside it. */
export function anyProgram(observed: Observed): fc.Arbitrary<Program> {
  const { live, nextBoot, saved } = observed;
  const sizes = [live, nextBoot, saved].flatMap((view) => (view === undefined ? [] : [view.memory / MIB]));
  const { maxMemory } = live ?? nextBoot ?? {};
  return fc
    .record({
      size: fc.constantFrom(...sizes),
      more: fc.constantFrom(0, 0, 0, 256, 512, 100, -256),
      running: fc.constantFrom(undefined, true, false),
      discardSavedState: flag,
      forceOff: flag,
      whenNotPossible: fc.constantFrom("replace", "restart", "nextBoot", "error"),
      allowUnplug: fc.boolean(),
      changes: fc.record({ vcpus: fc.boolean(), autostart: fc.boolean(), shutdownTimeout: fc.boolean() }),
      isNew: fc.record({ memory: fc.boolean(), running: fc.boolean() }),
    })
    .map(({ size, more, whenNotPossible, allowUnplug, changes, isNew, ...power }): Program => {
      const memory = Math.max(1, size + more);
      const most = Math.max(memory, (maxMemory?.size ?? 0) / MIB);
      const inputs: Inputs = {
        ...checkedInputs,
        ...defined(power),
        memory: `${memory}MiB`,
        maxMemory: `${most}MiB`,
        memorySlots: maxMemory?.slots ?? 16,
        hotplug: { whenNotPossible, allowUnplug },
      };
      const { running: _, ...unnamed } = inputs;
      const before: Inputs = {
        ...(isNew.running ? unnamed : inputs),
        ...(isNew.memory && { memory: `${memory + 1}MiB` }),
        // A transient domain has no definition for them.
        ...(changes.vcpus && observed.persistent && { vcpus: 7 }),
        ...(changes.autostart && { autostart: true }),
        ...(changes.shutdownTimeout && { shutdownTimeout: 7 }),
      };
      return { inputs, before };
    });
}
