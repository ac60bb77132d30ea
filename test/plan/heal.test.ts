import { describe, expect, test } from "vitest";
import { planMemory } from "../../provider/plan/memory.ts";
import type { MemoryView, Observed, SeenDevice } from "../../provider/plan/observed.ts";
import type { Plan } from "../../provider/plan/plan.ts";
import { ask, MIB, ours, running, theirs } from "./scene.ts";
import { afterStep } from "./simulate.ts";

const BLOCK = 128 * MIB;

/** A DIMM at an address so many MiB above 4 GiB, and whether the guest took it. */
function at(mibAbove4Gib: number, device: SeenDevice, taken?: boolean): SeenDevice {
  const base = `0x${((4096 + mibAbove4Gib) * MIB * 1024).toString(16)}`;
  return { ...device, base, ...(taken !== undefined && { taken }) };
}

/** Somebody's DIMM of odd size, which the guest refused. */
const odd = at(0, theirs(0, 100, "dimm0"), false);
/** Ours, which QEMU put right behind it. */
const behind = at(100, ours(1, 256), false);

/** A running guest whose agent says its block. */
function heard(devices: SeenDevice[], definedMib: number, block = BLOCK): Observed {
  const { live, ...rest } = running({ devices }, { cells: [definedMib] });
  return { ...rest, live: { ...(live as MemoryView), guestBlock: block } };
}

const deeds = ({ steps }: Plan) =>
  steps.map((step) => {
    if (step.kind === "attach")
      return `+ ${step.dimm.alias} ${step.dimm.size / MIB} node ${step.dimm.node} ${step.dimm.base ?? "anywhere"}`;
    if (step.kind === "detach") return `- ${step.dimm.alias}`;
    return step.kind === "define" ? `define ${step.definition.memory / MIB}` : step.kind;
  });

/** What there is after it, and that nothing is left to do. */
function settled(observed: Observed, memory: number, plan: Plan): Observed {
  const end = plan.steps.reduce((seen, step) => afterStep(seen, step), observed);
  expect(planMemory(ask(memory), end)).toMatchObject({ outcome: "none", steps: [] });
  return end;
}

describe("a DIMM of ours that the guest never took since its address is off the blocks", () => {
  test("is plugged again at an address of its own, while a misfit stays before it", () => {
    const observed = heard([odd, behind], 1359);
    const plan = planMemory(ask(1359), observed);
    expect(plan.outcome).toBe("live");
    expect(deeds(plan)).toEqual(["- ua-pulumi-dimm1", "+ ua-pulumi-dimm1 256 node 0 0x108000000"]);
    settled(observed, 1359, plan);
  });
});
