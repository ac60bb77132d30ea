import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { newResource, type Resource } from "../stack/resource.ts";
import { deleteInLayers } from "./deletion.ts";
import { Executor } from "./executor.ts";
import { type DeleteStep, ProtectedError, type Step } from "./step.ts";

const deletion = (old: Resource): DeleteStep => ({
  op: "delete",
  urn: old.urn,
  old,
  awaitsReplacement: false,
});
const resource = (urn: string, dependencies: string[] = []) =>
  newResource({ urn, type: "test:index:Thing", custom: true, dependencies });

/** Each resource depends on some of those before it, as in a state file. */
const stacks = fc
  .array(fc.array(fc.nat({ max: 9 }), { maxLength: 3 }), { minLength: 1, maxLength: 10 })
  .map((lists) =>
    lists.map((list, i) =>
      resource(
        `r${i}`,
        list.filter((earlier) => earlier < i).map((earlier) => `r${earlier}`),
      ),
    ),
  );

function executor(
  run: (step: Step) => Promise<void>,
  o: { parallel?: number; continueOnError?: boolean } = {},
) {
  return new Executor({ parallel: o.parallel ?? 4, continueOnError: o.continueOnError ?? false, run });
}

describe("deletion", () => {
  test.prop([stacks])("comes to each resource once, and to dependents first", async (base) => {
    const gone: string[] = [];
    const run = async ({ urn }: Step) => {
      const dependents = base.filter(({ dependencies }) => dependencies.includes(urn));
      expect(gone).toEqual(expect.arrayContaining(dependents.map((dependent) => dependent.urn)));
      gone.push(urn);
    };
    const all = executor(run);
    await deleteInLayers(base.map(deletion), base, all);
    expect(all.hasFailed).toBe(false);
    expect(gone.toSorted()).toEqual(base.map(({ urn }) => urn).toSorted());
  });

  test.prop([stacks, fc.nat({ max: 9 })])("spares what a failed deletion still needs", async (base, nth) => {
    const failing = `r${nth % base.length}`;
    const gone: string[] = [];
    const run = async ({ urn }: Step) => {
      if (urn === failing) throw new ProtectedError(urn);
      gone.push(urn);
    };
    await deleteInLayers(base.map(deletion), base, executor(run));
    const needed = new Set([failing]);
    for (const { urn, dependencies } of base.toReversed()) {
      if (needed.has(urn)) for (const dependency of dependencies) needed.add(dependency);
    }
    expect(gone.toSorted()).toEqual(
      base
        .map(({ urn }) => urn)
        .filter((urn) => !needed.has(urn))
        .toSorted(),
    );
  });
});

describe("the executor", () => {
  test.prop([fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 })])(
    "runs as many chains at a time as it may, and no more",
    async (parallel, chains) => {
      let running = 0;
      let most = 0;
      const run = async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      };
      const bounded = executor(run, { parallel });
      for (let i = 0; i < chains; i++) await bounded.submit([deletion(resource(`r${i}`))]);
      await bounded.idle();
      expect(most).toBe(Math.min(parallel, chains));
    },
  );

  const [failing, after, other] = ["failing", "after", "other"].map((urn) => deletion(resource(urn)));
  const chains: Step[][] = [[failing, after], [other]].map((chain) =>
    chain.filter((step) => step !== undefined),
  );

  test.each([
    { continueOnError: false, done: [] },
    { continueOnError: true, done: ["other"] },
  ])(
    "after a failure, with continueOnError $continueOnError, does $done",
    async ({ continueOnError, done }) => {
      const ran: string[] = [];
      const run = async ({ urn }: Step) => {
        if (urn === "failing") throw new Error("boom");
        ran.push(urn);
      };
      const failed = executor(run, { parallel: 1, continueOnError });
      for (const chain of chains) await failed.submit(chain);
      await failed.idle();
      expect(ran).toEqual(done);
      expect([failed.hasFailed, failed.hasStopped]).toEqual([true, !continueOnError]);
    },
  );
});

test("a replacement whose deletion fails is answered, with continueOnError, and its create isn't begun", async () => {
  const old = resource("r0");
  const begun: string[] = [];
  const answers: boolean[] = [];
  const all = executor(
    async ({ op }) => {
      begun.push(op);
      if (op === "delete-replaced") throw new Error("refused");
    },
    { continueOnError: true },
  );
  await all.submit([
    { ...deletion(old), op: "delete-replaced", awaitsReplacement: true },
    {
      ...{ op: "create-replacement", urn: "r0", old, new: old, deletesOldLater: false },
      answer: ({ failed }) => answers.push(failed),
    },
  ]);
  await all.idle();
  expect([begun, answers]).toEqual([["delete-replaced"], [true]]);
});
