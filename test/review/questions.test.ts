import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { afterStep } from "../../provider/plan/after-step.ts";
import { type Observed, pendingMemory } from "../../provider/plan/observed.ts";
import { planUpdate } from "../../provider/plan/plan-update.ts";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf } from "../../provider/review/review.ts";
import { unpackedState } from "../../provider/state-format.ts";
import { DYNAMIC_TYPE } from "../../sdk/dynamic-type.ts";
import { anyObserved } from "../support/arbitrary-domain.ts";
import { anyProgram } from "../support/arbitrary-program.ts";
import { cases } from "../support/properties.ts";
import { heard, off, ours, placedAt, running } from "../support/scene.ts";
import { deleteStep, type PreviewStep, preview, updateStep } from "./fleet.ts";

/** Each question, by what it is about. */
const KINDS = {
  pending: /^When is the next restart\?/,
  halted: /^Why is it halted\?/,
  saved: /^What about the saved state\?/,
  lacking: /^Why does the guest lack/,
  unread: /^An earlier update of this domain failed/,
  rejected: /^Is this known\?/,
  downtime: /^Is the downtime intended\?/,
  replace: /^Is the replace intended\?/,
  oldDomain: /^What happens to the old domain\?/,
  forceOff: /^May the guest be forced off\?/,
  unplug: /^Can the guest release this memory\?/,
  unplugVcpus: /^Can the guest release these vCPUs\?/,
  detach: /^Does the guest still use the device/,
  room: /^Should it be able to grow\?/,
  ceiling: /^Is the ceiling high enough\?/,
  slots: /^When are slots freed\?/,
  data: /^Is the data backed up\?/,
  leaves: /^Is it meant to leave the stack\?/,
  deletion: /^Is the deletion intended\?/,
  guestUse: /^Who checks that the guest uses the memory\?/,
} as const;

type Kind = keyof typeof KINDS;

function kindsOf(questions: readonly string[]): Kind[] {
  return questions.map((question) => {
    const [kind] = Object.entries(KINDS).find(([, pattern]) => pattern.test(question)) ?? [];
    if (kind === undefined) throw new Error(`no outcome is listed for the question "${question}"`);
    return kind as Kind;
  });
}

/** For which outcomes each question may be asked. */
const OUTCOMES: Readonly<Record<Kind, readonly string[]>> = {
  pending: ["none", "live", "nextBoot", "refuse"],
  halted: ["none", "live", "nextBoot", "refuse"],
  saved: ["none", "live", "nextBoot", "refuse"],
  lacking: ["none", "live", "nextBoot", "refuse", "unknown"],
  unread: ["none", "live", "nextBoot", "restart", "replace", "refuse", "unknown"],
  rejected: ["none", "live", "nextBoot", "refuse", "unknown"],
  downtime: ["restart", "replace"],
  replace: ["replace"],
  oldDomain: ["replace"],
  forceOff: ["restart"],
  unplug: ["live", "nextBoot", "restart"],
  unplugVcpus: ["live", "nextBoot", "restart"],
  detach: ["live", "nextBoot", "restart"],
  room: ["none", "live", "nextBoot", "restart", "replace", "create"],
  ceiling: ["none", "live", "nextBoot", "restart", "replace", "create"],
  slots: ["none", "live", "nextBoot", "restart", "replace", "create"],
  data: ["live", "nextBoot", "restart"],
  leaves: ["delete"],
  deletion: ["delete"],
  guestUse: ["live", "nextBoot", "restart"],
};

function reviewed(step: object, isOver = false) {
  const [domain] = reviewOf(parseOutput(preview([step]), "the preview"), isOver).domains;
  if (domain === undefined) throw new Error("the review has no domain");
  return { ...domain, kinds: kindsOf(domain.questions) };
}

/** What an earlier update may have left, whatever the domain is. */
const LEFT = {
  __unread: true,
  __guest: { domainId: 1, speaker: "agent", missing: { added: 262144 } },
};

const anyCase = anyObserved.chain((observed) =>
  fc.record({
    observed: fc.constant(observed),
    program: anyProgram(observed),
    isChosen: fc.boolean(),
    isLeft: fc.boolean(),
    op: fc.constantFrom("update", "update", "update", "replace", "delete"),
    awaitGuest: fc.constantFrom(false as const, 60),
  }),
);

test("whatever the domain and the change are, a question is asked for its outcomes only, and where its subject remains", () => {
  fc.assert(
    fc.property(anyCase, ({ observed, program, isChosen, isLeft, op, awaitGuest }) => {
      const { before } = program;
      const { whenNotPossible: _, ...unchosen } = program.inputs.hotplug ?? {};
      const hotplug = { ...(isChosen ? program.inputs.hotplug : unchosen), awaitGuest };
      const inputs = { ...program.inputs, hotplug };
      const { newState, ...step } = updateStep({ observed, before, recorded: isLeft ? LEFT : {} });
      const { verdict, kinds, questions } = reviewed({
        ...step,
        op,
        ...(op !== "delete" && { newState: { type: DYNAMIC_TYPE, inputs: { ...inputs, __urn: step.urn } } }),
      });
      for (const kind of kinds) expect(OUTCOMES[kind], `${kind}: ${questions.join()}`).toContain(verdict);

      const state = unpackedState(step.oldState?.outputs ?? {});
      const from = state.__observed;
      const input = {
        ...{ inputs, before, observed: from, recorded: from.nextBoot?.memory },
        ...{ defaults: DEFAULTS, adopted: false },
      };
      const plan = planUpdate(input);
      if (op !== "update") return;
      const strict = {
        ...input,
        inputs: { ...inputs, hotplug: { ...hotplug, whenNotPossible: "error" as const } },
      };
      const isInterrupted = verdict === "restart" || verdict === "replace";
      expect(kinds.includes("downtime")).toBe(
        isInterrupted && !isChosen && planUpdate(strict).outcome === "refuse",
      );
      const to =
        verdict === "refuse"
          ? from
          : verdict === "replace" || verdict === "unknown"
            ? undefined
            : plan.steps.reduce(afterStep, from);
      const pending = (one: Observed | undefined) => (one === undefined ? undefined : pendingMemory(one));
      expect(kinds.includes("pending")).toBe(pending(from) !== undefined && pending(from) === pending(to));
      expect(kinds.includes("saved")).toBe(from.saved !== undefined && to?.saved !== undefined);
      const grows = plan.steps.some(
        (one) => one.kind === "attach" || (one.kind === "resize" && one.device.requested > one.device.from),
      );
      expect(kinds.includes("guestUse")).toBe(awaitGuest === false && grows);
    }),
    cases(600),
  );
});

describe("a size that is pending from an earlier change", () => {
  const pending = { observed: running({}, { cells: [1100] }), before: { memory: "1100MiB" } };
  const nextBoot = { hotplug: { whenNotPossible: "nextBoot" as const } };

  test.each<[string, string, object, boolean]>([
    ["stays pending", "none", { memory: "1100MiB", ...nextBoot, shutdownTimeout: 7 }, true],
    ["is withdrawn", "live", { memory: "1003MiB" }, false],
    ["is superseded by a live change", "live", { memory: "1259MiB" }, false],
    ["is superseded by another one", "nextBoot", { memory: "1200MiB", ...nextBoot }, false],
    [
      "takes effect with this restart",
      "restart",
      { memory: "1100MiB", hotplug: { whenNotPossible: "restart" } },
      false,
    ],
    ["ends with the domain", "replace", { memory: "1100MiB", name: "web-2" }, false],
    ["stays after a refusal", "refuse", { memory: "1200MiB", hotplug: { whenNotPossible: "error" } }, true],
  ])("%s: %s", (_, verdict, now, isAsked) => {
    const review = reviewed(updateStep({ ...pending, now }));
    expect(review.verdict).toBe(verdict);
    expect(review.kinds.includes("pending")).toBe(isAsked);
  });

  test("is deleted", () => {
    const { oldState, urn } = updateStep(pending);
    expect(reviewed({ op: "delete", urn, oldState }).kinds).toEqual(["deletion"]);
  });
});

describe("hotplug.whenNotPossible isn't named where it has no part", () => {
  const now = { memory: "1003MiB" };

  test.each<[string, PreviewStep, Kind[]]>([
    ["running: false", updateStep({ now: { ...now, running: false } }), []],
    ["another name", updateStep({ now: { ...now, name: "web-2" } }), ["replace"]],
    ["another architecture", updateStep({ now: { ...now, arch: "aarch64" } }), ["replace"]],
    ["other firmware", updateStep({ now: { ...now, firmware: "uefi" } }), ["replace"]],
    ["replaceOnChanges", { ...updateStep(), op: "replace" }, ["replace"]],
    ["a size that isn't possible", updateStep({ now: { memory: "1100MiB" } }), ["downtime"]],
    [
      "a size that isn't possible, with running: false",
      updateStep({ now: { memory: "1100MiB", running: false } }),
      [],
    ],
  ])("%s", (_, step, kinds) => {
    const review = reviewed(step);
    expect(["replace", "restart"]).toContain(review.verdict);
    expect(review.kinds).toEqual(kinds);
  });
});

describe("who checks that the guest uses the memory", () => {
  const unchecked = { hotplug: { awaitGuest: false as const } };

  test.each<[string, PreviewStep, boolean]>([
    ["is asked of an increase while it runs", updateStep({ now: unchecked }), true],
    ["isn't asked of a domain that is off", updateStep({ observed: off(), now: unchecked }), false],
    [
      "isn't asked of a withdrawn change",
      updateStep({
        observed: running({}, { cells: [1100] }),
        before: { memory: "1100MiB" },
        now: { memory: "1003MiB", ...unchecked },
      }),
      false,
    ],
    [
      "isn't asked of a change of the vCPUs",
      updateStep({
        before: { maxVcpus: 4 },
        now: { memory: "1003MiB", maxVcpus: 4, autostart: true, ...unchecked },
      }),
      false,
    ],
    [
      "isn't asked of a decrease",
      updateStep({
        observed: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
        before: { memory: "1259MiB" },
        now: { memory: "1003MiB", hotplug: { awaitGuest: false as const, allowUnplug: true } },
      }),
      false,
    ],
  ])("%s", (_, step, isAsked) => {
    expect(reviewed(step).kinds.includes("guestUse")).toBe(isAsked);
  });
});

test("what ends with a restart isn't asked about", () => {
  const rejected = {
    observed: heard([placedAt(0, ours(0, 100), false)], 1103),
    before: { memory: "1103MiB" },
  };
  const asked = (whenNotPossible: "nextBoot" | "restart") =>
    reviewed(
      updateStep({ ...rejected, recorded: LEFT, now: { memory: "1210MiB", hotplug: { whenNotPossible } } }),
    ).kinds;
  expect(asked("nextBoot")).toEqual(["lacking", "unread", "rejected"]);
  expect(asked("restart")).toEqual(["unread"]);
  const { oldState, urn } = updateStep({ ...rejected, recorded: LEFT });
  expect(reviewed({ op: "delete", urn, oldState }).kinds).toEqual(["deletion"]);
  expect(reviewed(deleteStep()).kinds).toEqual(["deletion"]);
});
