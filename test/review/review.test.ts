import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import { planMessage, type Step } from "../../provider/plan/plan.ts";
import { planUpdate } from "../../provider/plan/plan-update.ts";
import { previewedPlan } from "../../provider/plan/preview-contract.ts";
import type { DomainReview } from "../../provider/review/domain-review.ts";
import { reviewJson } from "../../provider/review/json.ts";
import { markdown } from "../../provider/review/markdown.ts";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf, VERDICTS } from "../../provider/review/review.ts";
import { unpackedState } from "../../provider/state-format.ts";
import { DYNAMIC_TYPE, PLUGIN_TYPE } from "../../sdk/dynamic-type.ts";
import { anyObserved } from "../support/arbitrary-domain.ts";
import { anyProgram } from "../support/arbitrary-program.ts";
import { cases } from "../support/properties.ts";
import { heard, ours, placedAt, running, vmem } from "../support/scene.ts";
import {
  createStep,
  deleteStep,
  HOST,
  mixedFleet,
  type PreviewStep,
  preview,
  updateStep,
  urnOf,
} from "./fleet.ts";

function reviewed(
  steps: object[],
  ...more: Parameters<typeof preview> extends [unknown, ...infer Rest] ? Rest : never
) {
  return reviewOf(parseOutput(preview(steps, ...more), "the preview"));
}

/** How a preview has the recorded domain. */
const SHOWN = ["as it is", "secret"] as const;

/** A step that is the headline isn't listed. */
function stepsOf({ steps }: DomainReview): Step[] {
  return steps.map((sentence) => ({ kind: "start", sentence }));
}

function only(
  step: PreviewStep,
  ...more: Parameters<typeof reviewed> extends [unknown, ...infer Rest] ? Rest : never
) {
  const [domain] = reviewed([step], ...more).domains;
  if (domain === undefined) throw new Error("the review has no domain");
  return domain;
}

describe("the planner decides", () => {
  test("whatever the domain and the program are", () => {
    const anyCase = anyObserved.chain((observed) =>
      anyProgram(observed).map((program) => ({ observed, ...program })),
    );
    fc.assert(
      fc.property(anyCase, ({ observed, inputs, before }) => {
        const step = updateStep({ observed, before, now: inputs });
        const state = unpackedState(step.oldState?.outputs ?? {});
        const plan = planUpdate({
          inputs,
          before,
          observed: state.__observed,
          recorded: state.__observed.nextBoot?.memory,
          defaults: DEFAULTS,
          adopted: false,
        });
        const { verdict, headline, steps, reasons } = only({
          ...step,
          newState: { type: step.newState?.type ?? "", inputs: { ...inputs, __urn: step.urn } },
        });
        expect({ verdict, headline, reasons }).toEqual({
          verdict: plan.outcome,
          headline: plan.headline,
          reasons: plan.reasons,
        });
        expect(steps).toEqual(plan.steps.map(({ sentence }) => sentence));
      }),
      cases(300),
    );
  });

  test.each([DYNAMIC_TYPE, PLUGIN_TYPE] as const)("for both types of resources: %s", (type) => {
    const domain = only(updateStep({ type }));
    expect(domain).toMatchObject({
      verdict: "live",
      memory: { from: 1003 * 1024, to: 1259 * 1024 },
      host: HOST,
      cost: { freeSlots: 15, slots: 16, ceiling: 8 * 1024 * 1024 },
    });
    expect(domain.before?.devices).toEqual([]);
    expect(domain.after?.devices).toMatchObject([{ slot: 0, size: 256 * 1024, ours: true }]);
  });

  test("with the stack's configuration", () => {
    const step = updateStep({ now: { memory: "1100MiB" } });
    expect(only(step).verdict).toBe("replace");
    expect(only(step, [], { "libvirt-hotplug:whenNotPossible": "nextBoot" }).verdict).toBe("nextBoot");
    expect(only(step, [], { "libvirt-hotplug:whenNotPossible": "[secret]" }).verdict).toBe("replace");
  });
});

describe("what the run itself announced counts, since it may have seen the domain", () => {
  test("whatever the recorded domain, the one that the run found, and the program are", () => {
    const anyCase = fc
      .record({ recorded: anyObserved, seen: anyObserved })
      .chain(({ recorded, seen }) => anyProgram(seen).map((program) => ({ recorded, seen, ...program })));
    fc.assert(
      fc.property(anyCase, fc.constantFrom(...SHOWN), ({ recorded, seen, inputs, before }, form) => {
        const step = updateStep({ observed: recorded, before, now: inputs });
        const { __observed: known } = unpackedState(step.oldState?.outputs ?? {});
        const planFor = (observed: Observed) =>
          planUpdate({
            ...{ inputs, before, observed, defaults: DEFAULTS, adopted: false },
            recorded: known.nextBoot?.memory,
          });
        const plan = previewedPlan(planFor(known), planFor(seen));
        if (plan.headline === "") return;
        const isError = plan.outcome === "refuse";
        const severity = isError ? "error" : plan.outcome === "replace" ? "warning" : "info";
        const message = `${severity}: ${planMessage(plan)}`;
        const outputs = { ...step.oldState?.outputs, ...(form === "secret" && { __observed: "[secret]" }) };
        const domain = only(
          { ...step, oldState: { ...step.oldState, type: DYNAMIC_TYPE, inputs: before, outputs } },
          [{ urn: step.urn, severity, message }],
        );
        expect([domain.verdict, domain.headline]).toEqual([plan.outcome, plan.headline]);
        if (!isError) expect(planMessage({ ...plan, steps: stepsOf(domain) })).toBe(planMessage(plan));
        if (form === "as it is" && domain.before !== undefined && !isError)
          expect(planMessage(planFor(known))).toBe(planMessage(plan));
        expect(domain.questions.join()).not.toContain("__observed");
      }),
      cases(300),
    );
  });

  test("another outcome", () => {
    const { urn, ...step } = updateStep();
    const message = "warning: replace: 1003 → 1259 MiB has no free slot\nthe domain is deleted\n";
    const domain = only({ urn, ...step }, [{ urn, severity: "warning", message }]);
    expect(domain).toMatchObject({
      verdict: "replace",
      headline: "replace: 1003 → 1259 MiB has no free slot",
    });
    expect(domain.details).toEqual([
      expect.stringMatching(/^planned from the recorded state: live: 1003 → 1259 MiB/),
      "the domain is deleted",
    ]);
  });

  test("a refusal, which has no step", () => {
    const urn = urnOf("strict-1");
    const message = "error: refused: 1003 → 1100 MiB is not a multiple of 256 MiB\nnothing is done";
    const { domains, errors } = reviewed([updateStep()], [{ urn, severity: "error", message }]);
    expect(domains.map(({ resource, verdict }) => [resource, verdict])).toEqual([
      ["strict-1", "refuse"],
      ["web-1", "live"],
    ]);
    expect(domains[0]?.headline).toBe("refused: 1003 → 1100 MiB is not a multiple of 256 MiB");
    expect(errors).toBe(0);
  });

  test("an error of something else is counted", () => {
    expect(reviewed([updateStep()], [{ severity: "error", message: "error: no" }]).errors).toBe(1);
  });

  test("the engine's replace, whatever the plan from the state is", () => {
    expect(only({ ...updateStep(), op: "replace" }).verdict).toBe("replace");
  });
});

test.each(["nextBoot", "restart", "replace"])(
  "a create that continues an interrupted one, and changes the domain that is there: %s",
  (change) => {
    const { newState, ...step } = createStep();
    const memoryPlan = `continues an interrupted create: ${change}`;
    const inputs = { ...newState?.inputs, memoryPlan, change, memoryChange: change };
    const domain = only({ ...step, newState: { type: DYNAMIC_TYPE, inputs } });
    expect(domain).toMatchObject({ verdict: change, headline: memoryPlan });
  },
);

test("the worst is first, then by name", () => {
  const verdicts = reviewed(mixedFleet()).domains.map(({ verdict, resource }) => [verdict, resource]);
  expect(verdicts).toEqual([
    ["replace", "again-1"],
    ["delete", "old-1"],
    ["restart", "stop-1"],
    ["unknown", "unsure-1"],
    ["nextBoot", "boot-1"],
    ["live", "less-1"],
    ["live", "live-1"],
    ["create", "new-1"],
  ]);
});

test("the order of the steps makes no difference, and JSON has all of it", () => {
  const fleet = [...mixedFleet(), updateStep({ name: "live-1", type: PLUGIN_TYPE })];
  const expected = reviewJson(reviewed(fleet));
  expect(JSON.parse(JSON.stringify(expected))).toEqual(expected);
  fc.assert(
    fc.property(fc.shuffledSubarray(fleet, { minLength: fleet.length }), (shuffled) => {
      expect(reviewJson(reviewed(shuffled))).toEqual(expected);
      const ranks = reviewed(shuffled).domains.map(({ verdict }) => VERDICTS.indexOf(verdict));
      expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    }),
    cases(30),
  );
});

test("other resources are counted, not judged, and unchanged domains too", () => {
  const network = { urn: "urn:pulumi:prod::fleet::other:index:Network::n", oldState: {}, newState: {} };
  const steps = [updateStep(), { ...updateStep({ name: "same-1" }), op: "same" }];
  const others = [
    { op: "update", ...network },
    { op: "update", ...network, urn: `${network.urn}2` },
    { op: "same", ...network, urn: `${network.urn}3` },
  ];
  const review = reviewed([...steps, ...others]);
  expect(review).toMatchObject({ unchanged: 1, others: { update: 2 } });
  expect(review.domains).toHaveLength(1);
});

test("sums by host", () => {
  const { hosts } = reviewed([
    updateStep(),
    createStep(),
    deleteStep(),
    updateStep({
      name: "far-1",
      uri: "qemu+tls://b:secret@host-2/system",
      observed: running({ vcpus: { vcpus: 2 } }),
      before: { vcpus: 2 },
      now: { vcpus: 4 },
    }),
  ]);
  const MIB = 1024;
  expect(hosts).toEqual([
    {
      domains: { from: 0, to: 1 },
      memory: { from: 0, to: 1259 * MIB },
      vcpus: { from: 0, to: 1 },
      unknown: 0,
      refused: 0,
    },
    {
      host: "qemu+ssh://root@host-1/system",
      domains: { from: 2, to: 1 },
      memory: { from: 2006 * MIB, to: 1259 * MIB },
      vcpus: { from: 2, to: 1 },
      unknown: 0,
      refused: 0,
    },
    {
      host: "qemu+tls://b:…@host-2/system",
      domains: { from: 1, to: 1 },
      memory: { from: 1003 * MIB, to: 1259 * MIB },
      vcpus: { from: 2, to: 4 },
      unknown: 0,
      refused: 0,
    },
  ]);
});

test("the sums leave out what is refused, and what isn't known, each with its reason", () => {
  const review = reviewed(
    [
      updateStep(),
      updateStep({ name: "secret-1", recorded: { memory: "[secret]", liveMemory: "[secret]" } }),
      updateStep({ name: "later-1", now: { vcpus: UNKNOWN as never } }),
    ],
    [{ urn: urnOf("strict-1"), severity: "error", message: "error: refused: no" }],
    { "libvirt-hotplug:uri": HOST },
  );
  expect(review.hosts).toMatchObject([{ unknown: 3, refused: 1, vcpus: { from: 1, to: 1 } }]);
  const comment = markdown(review, { docs: "https://docs.example.com", limit: 100_000 });
  expect(comment).toContain("1003 → 1259 MiB, without 2 whose size is secret or not known and 1 refused |");
});

test("a host whose URI is written in two ways is one host", () => {
  const { hosts } = reviewed([
    updateStep(),
    updateStep({ name: "web-2", uri: "qemu+ssh://root@HOST-1:22/system?no_tty=1" }),
  ]);
  expect(hosts.map(({ domains }) => domains)).toEqual([{ from: 2, to: 2 }]);
});

describe("a reviewer is to ask about", () => {
  test.each([
    [
      "a pending size that stays pending",
      updateStep({
        observed: running({}, { cells: [1100] }),
        before: { memory: "1100MiB", hotplug: { whenNotPossible: "nextBoot" } },
        now: { memory: "1100MiB", autostart: true },
      }),
      /1100 MiB is pending/,
    ],
    [
      "a DIMM that the guest refused",
      updateStep({
        observed: heard([placedAt(0, ours(0, 100), false)], 1103),
        before: { memory: "1103MiB" },
      }),
      /guest rejected/,
    ],
    [
      "a low ceiling",
      updateStep({ observed: running({ max: 2000 }), before: { maxMemory: "2000MiB" } }),
      /maxMemory 2000 MiB is less than twice the size of 1259 MiB/,
    ],
    ["the last slot", updateStep({ observed: running({ slots: 1 }) }), /None is left/],
    ["a replace that nobody chose", updateStep({ now: { memory: "1100MiB" } }), /so "replace" applies/],
    ["a failed update", updateStep({ recorded: { __unread: true } }), /earlier update of this domain failed/],
    [
      "memory that the guest lacks",
      updateStep({ recorded: { __guest: { domainId: 1, speaker: "agent", missing: { added: 262144 } } } }),
      /guest lack 256 MiB/,
    ],
    [
      "an unplug",
      updateStep({
        observed: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
        before: { memory: "1259MiB", hotplug: { allowUnplug: true } },
        now: { memory: "1003MiB" },
      }),
      /Can the guest release/,
    ],
    ["a deletion", deleteStep(), /Is the deletion intended/],
    [
      "a domain that can't grow",
      updateStep({ now: { memory: "8192MiB" } }),
      /less than twice|can.t grow|able to grow/,
    ],
  ])("%s", (_, step, question) => {
    expect(only(step).questions.join("\n")).toMatch(question);
  });

  test("nothing, where all is well", () => {
    expect(only(updateStep()).questions).toEqual([]);
  });
});

test("a change at the next boot has a map of that as well", () => {
  const step = updateStep({ now: { memory: "1100MiB", hotplug: { whenNotPossible: "nextBoot" } } });
  const { after, atBoot, cost } = only(step);
  expect([after?.memory, atBoot?.memory, cost?.pending]).toEqual([1003 * 1024, 1100 * 1024, 1100 * 1024]);
});

test("virtio-mem has a map too", () => {
  const domain = only(
    updateStep({
      observed: running({ devices: [vmem(0, 4096)] }),
      before: { hotplug: { device: "virtio-mem" } },
    }),
  );
  expect(domain.verdict).toBe("live");
  expect(domain.after?.devices).toMatchObject([{ model: "virtio-mem", requested: 256 * 1024 }]);
});

test("disks and interfaces that change are named", () => {
  const disk = (name: string, size: string) => ({ name, file: `/srv/${name}.qcow2`, size });
  const step = updateStep({
    before: {
      disks: [disk("root", "10240MiB"), disk("old", "1024MiB")] as never,
      interfaces: [{ name: "lan", network: "default" }] as never,
    },
    now: {
      memory: "1003MiB",
      disks: [disk("root", "20480MiB"), disk("new", "2048MiB")] as never,
      interfaces: [],
    },
  });
  expect(only(step).devices).toEqual([
    "disk old removed",
    "disk root 10 GiB → 20 GiB",
    "disk new added (2 GiB)",
    "interface lan removed",
  ]);
});

test.each([
  ["a state of a later version", { __stateVersion: 99 }],
  ["a state that was edited", { maxMemory: "much" }],
  ["an observation that was edited", { __observed: { live: { cells: 3 } } }],
])("%s is unknown, and never an exception", (_, recorded) => {
  const domain = only(updateStep({ recorded }));
  expect(domain.verdict).toBe("unknown");
  expect(domain.questions).not.toEqual([]);
});

test("a resource of an event log may have a property that a debug message has", () => {
  const { urn, op, oldState, newState } = updateStep();
  const properties = { metadata: { severity: "debug" } };
  const events = [
    { preludeEvent: { config: {} } },
    { diagnosticEvent: { severity: "debug", message: "x" } },
    {
      resourcePreEvent: {
        metadata: {
          op,
          urn,
          type: DYNAMIC_TYPE,
          old: oldState,
          new: { ...newState, inputs: { ...newState?.inputs, ...properties } },
        },
      },
    },
    { summaryEvent: { isPreview: true } },
  ];
  const log = events
    .map((event, sequence) => JSON.stringify({ sequence, timestamp: 1, ...event }))
    .join("\n");
  expect(reviewOf(parseOutput(log, "the log")).domains.map(({ resource }) => resource)).toEqual(["web-1"]);
});
