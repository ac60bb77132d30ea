import { describe, expect, test } from "vitest";
import { afterStep } from "../../../provider/plan/after-step.ts";
import type { MemoryView, Observed, ObservedDevice } from "../../../provider/plan/observed.ts";
import type { Plan } from "../../../provider/plan/plan.ts";
import { planMemory } from "../../../provider/plan/plan-memory.ts";
import { ask, placedAt as at, heard, MIB, ours, running, theirs } from "../../support/scene.ts";

const BLOCK = 128 * MIB;

/** Someone's DIMM of odd size, which the guest rejected. */
const odd = at(0, theirs(0, 100, "dimm0"), false);
/** Ours, which QEMU put right behind it. */
const behind = at(100, ours(1, 256), false);

const deeds = ({ steps }: Plan) =>
  steps.map((step) => {
    if (step.kind === "attach")
      return `+ ${step.dimm.alias} ${step.dimm.size / MIB} node ${step.dimm.node} ${step.dimm.base ?? "anywhere"}`;
    if (step.kind === "detach") return `- ${step.dimm.alias}`;
    return step.kind === "define" ? `define ${(step.definition?.memory ?? 0) / MIB}` : step.kind;
  });

/** What there is after it, and that nothing is left to do. */
function settled(observed: Observed, memory: number, plan: Plan): Observed {
  const end = plan.steps.reduce((seen, step) => afterStep(seen, step), observed);
  expect(planMemory(ask(memory), end)).toMatchObject({ outcome: "none", steps: [] });
  return end;
}

describe("a DIMM of ours that the guest rejected for its address", () => {
  test("is plugged again in its slot and node, at an address of its own while a misfit stays before it", () => {
    const observed = heard([odd, behind], 1359);
    const plan = planMemory(ask(1359), observed);
    expect(plan).toMatchObject({
      outcome: "live",
      headline: "live: repairs 1 DIMM that the guest rejected, no restart",
      details: [
        "re-plug ua-pulumi-dimm1 (a 256 MiB DIMM in slot 1 at 0x106400000) at 0x108000000, which the guest rejected: its address is not a multiple of the guest's memory block of 128 MiB",
      ],
    });
    expect(plan.steps.map(({ sentence }) => sentence)).toEqual([
      "remove the 256 MiB DIMM from slot 1, node 0, which the guest rejected",
      "attach a 256 MiB DIMM in slot 1, node 0, at 0x108000000",
    ]);
    settled(observed, 1359, plan);
  });

  test("is plugged where QEMU likes when no misfit is left", () => {
    const observed = heard([behind], 1259);
    const plan = planMemory(ask(1259), observed);
    expect(deeds(plan)).toEqual(["- ua-pulumi-dimm1", "+ ua-pulumi-dimm1 256 node 0 anywhere"]);
    settled(observed, 1259, plan);
  });

  test("is repaired together with a growth, which uses the next free slot behind it", () => {
    const observed = heard([odd, behind], 1003);
    const plan = planMemory(ask(1615), observed);
    expect(deeds(plan)).toEqual([
      "- ua-pulumi-dimm1",
      "+ ua-pulumi-dimm1 256 node 0 0x108000000",
      "+ ua-pulumi-dimm2 256 node 0 0x118000000",
      "define 1615",
    ]);
    settled(observed, 1615, plan);
  });

  test("keeps where on the host its memory came from", () => {
    const observed = heard([{ ...behind, nodemask: "1", pageSize: 2048 }], 1259);
    const [, attach] = planMemory(ask(1259), observed).steps;
    expect(attach).toMatchObject({ dimm: { source: { nodemask: "1", pageSize: 2048 } } });
  });

  test("is removed first in a decrease, and what is missing then is plugged", () => {
    const others = [at(0, ours(0, 256), true), at(256, theirs(1, 100, "dimm1"), false)];
    const one = heard([...others, at(356, ours(2, 256), false)], 1615);
    expect(deeds(planMemory(ask(1359), one))).toEqual(["- ua-pulumi-dimm2", "define 1359"]);
    const large = heard([...others, at(356, ours(2, 512), false)], 1871);
    const plan = planMemory(ask(1615), large);
    expect(deeds(plan)).toEqual([
      "- ua-pulumi-dimm2",
      "+ ua-pulumi-dimm2 256 node 0 0x118000000",
      "define 1615",
    ]);
    settled(large, 1615, plan);
  });

  test.each<[string, ObservedDevice, Partial<Parameters<typeof ask>[1]>]>([
    ["the guest has it", { ...behind, taken: true }, {}],
    ["nobody can tell", at(100, ours(1, 256)), {}],
    ["hotplug.heal is false", behind, { heal: false }],
    ["the program defers every change", behind, { applyOn: "nextBoot" }],
    ["nothing is ever plugged", behind, { enabled: false, max: 1359 }],
  ])("stays where %s", (_, device, said) => {
    expect(
      planMemory(ask(1359, said), heard([odd, device], 1359)).steps.map(({ kind }) => kind),
    ).not.toContain("detach");
  });
});

test("a DIMM that could not be plugged again stays: a run that is killed in between must not leave less", () => {
  const { live, ...rest } = heard([odd, behind], 1359);
  const withoutAcpi = { ...rest, live: { ...(live as MemoryView), acpi: false } };
  expect(planMemory(ask(1359), withoutAcpi).outcome).toBe("none");
  expect(planMemory(ask(1359, { alignment: 512 }), heard([odd, behind], 1359)).outcome).toBe("none");
});

describe("a DIMM not managed here that the guest rejected", () => {
  test("stays where the desired size can be reached with it", () => {
    const plan = planMemory(ask(1359), heard([odd], 1003));
    expect(deeds(plan)).toEqual(["+ ua-pulumi-dimm1 256 node 0 0x108000000", "define 1359"]);
  });

  test("is removed where the desired size can be reached only without it, and its slot is free then", () => {
    const observed = heard([odd], 1003);
    const plan = planMemory(ask(1259), observed);
    expect(deeds(plan)).toEqual(["- dimm0", "+ ua-pulumi-dimm0 256 node 0 anywhere", "define 1259"]);
    settled(observed, 1259, plan);
  });

  test("is removed on the way back to the size without it", () => {
    const observed = heard([odd], 1003);
    const plan = planMemory(ask(1003), observed);
    expect([plan.outcome, ...deeds(plan)]).toEqual(["live", "- dimm0"]);
    settled(observed, 1003, plan);
  });

  test("is removed with the others that the guest rejected, where only that helps", () => {
    const alsoTheirs = at(100, theirs(1, 256, "dimm1"), false);
    const observed = heard([odd, alsoTheirs], 1003);
    const plan = planMemory(ask(1003), observed);
    expect(deeds(plan)).toEqual(["- dimm0", "- dimm1"]);
    settled(observed, 1003, plan);
  });

  test("is mentioned where a repair doesn't help", () => {
    const plan = planMemory(ask(1300), heard([odd], 1003));
    expect(plan.outcome).toBe("replace");
    expect(plan.details.at(-1)).toBe(
      "the guest rejected dimm0 (a 100 MiB DIMM in slot 0 at 0x100000000, not managed by this provider): its size is not a multiple of the guest's memory block of 128 MiB",
    );
  });

  test("stays where the guest has it, and where nobody can tell", () => {
    for (const device of [{ ...odd, taken: true }, theirs(0, 100, "dimm0")])
      expect(planMemory(ask(1259), heard([device], 1003)).outcome).toBe("replace");
  });
});

test("a DIMM of ours that is smaller than the guest's block fits nowhere: it is in the way of a size that does", () => {
  const small = at(0, ours(0, 256), false);
  const observed = heard([small], 1259, 4 * BLOCK);
  expect(planMemory(ask(1259), observed).outcome).toBe("none");
  const plan = planMemory(ask(1515, { alignment: 512 }), observed);
  expect(deeds(plan)).toEqual(["- ua-pulumi-dimm0", "+ ua-pulumi-dimm0 512 node 0 anywhere", "define 1515"]);
  settled(observed, 1515, plan);
});

describe("the guest's memory block, reported by its agent", () => {
  test("is what a DIMM must be a multiple of", () => {
    const { headline, reasons } = planMemory(ask(1259), heard([], 1003, 4 * BLOCK));
    expect(headline).toContain("(live: 1515 MiB)");
    expect(reasons).toEqual([
      {
        code: "not-aligned",
        text: "the increase of 256 MiB is not a multiple of 512 MiB (the guest's memory block, reported by the guest agent)",
      },
    ]);
  });

  test("is mentioned where the alignment is below it, though the increase fits", () => {
    expect(planMemory(ask(1515), heard([], 1003, 4 * BLOCK))).toMatchObject({
      outcome: "live",
      details: expect.arrayContaining([
        "hotplug.alignment is 256 MiB, but the guest's memory block is 512 MiB (reported by the guest agent): only multiples of that can be added live",
      ]),
    });
  });

  test("overrides the rule for large guests", () => {
    const large = running({ cells: [65_536], max: 262_144 });
    const live = { ...(large.live as MemoryView), guestBlock: BLOCK };
    expect(planMemory(ask(65_792, { max: 262_144 }), { ...large, live }).outcome).toBe("live");
  });
});
