import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { annotations } from "../../provider/review/annotations.ts";
import { reviewJson } from "../../provider/review/json.ts";
import { markdown } from "../../provider/review/markdown.ts";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf } from "../../provider/review/review.ts";
import { cases } from "../support/properties.ts";
import { createStep, deleteStep, type PreviewStep, preview, updateStep, urnOf } from "./fleet.ts";

type Messages = Parameters<typeof preview>[1];

function reviewed(steps: object[], messages?: Messages) {
  return reviewOf(parseOutput(preview(steps, messages), "the preview"));
}

function withState(step: PreviewStep, state: object): PreviewStep {
  return { ...step, ...(step.oldState && { oldState: { ...step.oldState, ...state } }) };
}

const replaceStep: PreviewStep = { ...updateStep(), op: "replace" };

describe("a replace that the changes don't need is explained by what asks for it", () => {
  const say = (severity: string, message: string) => ({ urn: replaceStep.urn, severity, message });
  const live = say("info", "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart\n");
  const option = "replace: the domain is deleted and recreated (requested by a resource option)";

  test.each([
    ["announced last", [live, say("warning", `warning: ${option}\n`)], option],
    ["announced first", [say("warning", `warning: ${option}\n`), live], option],
    ["announced as live only", [live], expect.stringMatching(/^replace: Pulumi replaces the resource \(/)],
    ["not announced", [], expect.stringMatching(/^replace: Pulumi replaces the resource \(/)],
  ])("%s", (_, messages, headline) => {
    const [domain] = reviewed([replaceStep], messages).domains;
    expect(domain).toMatchObject({ verdict: "replace", headline });
    expect(domain?.questions).toContain(
      "Is the replace intended? The plan from the recorded state doesn't need it.",
    );
    expect(domain?.questions.join()).not.toMatch(/awaitGuest|so "replace" applies/);
  });
});

describe("what the engine doesn't have deleted stays", () => {
  const owner = deleteStep("owner-1");

  test("a domain that is deleted with another resource of this run", () => {
    const { domains, hosts } = reviewed([owner, withState(deleteStep(), { deletedWith: owner.urn })]);
    expect(domains.find(({ resource }) => resource === "old-1")).toMatchObject({
      headline: "only leaves the stack: the domain stays on its host (deletedWith)",
      stays: true,
    });
    expect(hosts).toMatchObject([{ domains: { from: 2, to: 1 } }]);
  });

  test("but not if that resource isn't deleted", () => {
    const [domain] = reviewed([withState(deleteStep(), { deletedWith: owner.urn })]).domains;
    expect(domain).toMatchObject({ headline: "deleted with its definition", stays: false });
  });

  test.each([
    ["retainOnDelete", { retainOnDelete: true }],
    ["deletedWith", { deletedWith: owner.urn }],
  ])("the old domain of a replace: %s", (option, state) => {
    const { domains } = reviewed([owner, withState(replaceStep, state)]);
    expect(domains.find(({ verdict }) => verdict === "replace")?.questions).toContain(
      `What happens to the old domain? It isn't deleted (${option}), and the new one can't have its name.`,
    );
  });
});

test.each([
  ["delete", deleteStep("web-1"), "cannot be deleted\nbecause it is protected. To unprotect the resource, …"],
  ["replace", replaceStep, "unable to replace\nas it is currently marked for protection. To unprotect …"],
])("the %s of a protected domain is refused, with why", (_, step, message) => {
  const [domain] = reviewed([step], [{ urn: step.urn, severity: "error", message }]).domains;
  expect(domain).toMatchObject({ verdict: "refuse", headline: message.replace("\n", " ") });
});

describe("a domain that exists is not said to be created", () => {
  const { newState, urn } = createStep();
  const adopted = { newState: { ...newState, inputs: { ...newState?.inputs, __adopted: true } } };

  test.each([
    ["adopt", { op: "create", urn, ...adopted }, "not known"],
    ["import", { op: "import", urn, newState }, "1259 MiB"],
  ])("%s", (word, step, memory) => {
    const review = reviewed([step]);
    const [heading = "", ...rest] = markdown(review, { docs: "https://docs.example.com", limit: 32_768 })
      .split("\n")
      .slice(1);
    expect(heading).toBe(`### libvirt domains: 1 ${word}`);
    expect(rest.join("\n")).toContain(`| 🔗 | \`new-1\` | 1259 MiB | 1 |  | **${word}** |`);
    expect([heading, ...rest].join("\n")).not.toMatch(/🆕|\bcreate/);
    expect(reviewJson(review).domains).toMatchObject([{ verdict: "create", takenOver: word }]);
    expect(review.hosts).toMatchObject([
      { domains: { from: 1, to: 1 }, ...(memory === "not known" ? { unknown: 1 } : { unknown: 0 }) },
    ]);
    if (word === "import") expect(review.hosts[0]?.memory).toEqual({ from: 1259 * 1024, to: 1259 * 1024 });
    expect(annotations(review, "")).toContain(`::${word} (1259 MiB)`);
  });
});

test("of a domain that is adopted nothing is said beside its arguments", () => {
  const step = createStep();
  const inputs = { ...step.newState?.inputs, __adopted: true, maxMemory: undefined, memorySlots: undefined };
  const newState = { ...step.newState, inputs };
  const [domain] = reviewed([{ ...step, newState }]).domains;
  expect(domain).toMatchObject({ verdict: "create", memory: { to: 1259 * 1024 }, questions: [] });
  expect(domain).not.toHaveProperty("after");
  expect(domain).not.toHaveProperty("cost");
});

test("the computed inputs of the class change nothing", () => {
  const headroom = { slots: 15, memory: [{ from: "1259MiB", to: "2GiB", step: "256MiB" }], vcpus: [] };
  const [expected, computed] = [{}, { headroom, change: { outcome: "live" } }].map((now) =>
    reviewed([{ ...updateStep({ now: now as never }), diffReasons: ["memory", "headroom", "change"] }]),
  );
  expect(computed).toEqual(expected);
});

describe("other resources are counted once", () => {
  const other = (name: string, op: string) => ({ op, urn: urnOf(name, "other:index:Thing"), newState: {} });

  test("a replace has a step for each of its parts", () => {
    const parts = ["create-replacement", "replace", "delete-replaced"];
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: 1 }), (ops) => {
        expect(reviewed(ops.map((op) => other("a", op))).others).toEqual({ replace: 1 });
      }),
      cases(20),
    );
  });

  test("and not if the run only reads them", () => {
    const ops = ["same", "read", "refresh", "discard", "remove-pending-replace"];
    expect(reviewed([other("stack", "same"), ...ops.map((op) => other("stack", op))]).others).toEqual({});
  });
});

test("the engine's last error isn't one of its own", () => {
  const last = { severity: "error", message: "error: preview failed\n" };
  const cause = { urn: replaceStep.urn, severity: "error", message: "error: refused: no\n" };
  expect(reviewed([replaceStep], [cause, last]).errors).toBe(0);
  expect(reviewed([replaceStep], [last]).errors).toBe(1);
});
