import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { FIELD_NAMES, FIELDS } from "../../provider/args/fields.ts";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import type { Outcome } from "../../provider/plan/plan.ts";
import { planUpdate, type UpdatePlan } from "../../provider/plan/plan-update.ts";
import { checkedInputs, off, running } from "../support/scene.ts";
import { maximum, nextBoot, replaceCosts } from "./outcomes/row.ts";

/** A domain of 1003 MiB of at most 8 GiB, as check made its arguments. */
const before = checkedInputs;

const grow = "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart";
const noRoom = [
  "4 vCPUs are above the running domain's maximum of 1, which is fixed at boot",
  nextBoot,
  "after that the domain has room for 16 vCPUs, so later increases can be live",
];
const atNextBoot = "next boot: vCPUs 1 → 4, after a shutdown and start";
const definedOff = "live: 1003 → 1300 MiB in the definition (the domain is off)";
const newDomain = "replace: changing name needs a new domain";
const notKnown = "unknown: live if possible, otherwise replace (depends on a value not known yet)";
const error = { whenNotPossible: "error" } as const;
const mac = "52:54:00:00:00:01";
/** Pulumi puts its marker in the place of any value, whatever the type. */
const unknown = UNKNOWN as never;

/** The update of a domain of ours, whose definition is as the state recorded it. */
function update(
  inputs: Inputs,
  echoed: Partial<Inputs>,
  observed: Observed,
  defaults = DEFAULTS,
): UpdatePlan {
  const recorded = observed.nextBoot?.memory;
  return planUpdate({ inputs, before: echoed, observed, recorded, defaults, adopted: false });
}

/** The change, the domain, and the plan: outcome, kinds of steps, headline and what the details must have. */
type Row = [string, Partial<Inputs>, Observed, Outcome, string, string, details?: string[]];

const rows: Row[] = [
  ["nothing", {}, running(), "none", "", ""],
  ["memory", { memory: "1259MiB" }, running(), "live", "attach define", grow],
  ["a setting only", { shutdownTimeout: 5 }, running(), "none", "", "setting only: shutdownTimeout"],
  [
    "settings only",
    { hotplug: { alignment: "128MiB" }, shutdownTimeout: 5, uri: "qemu:///system" },
    running(),
    "none",
    "",
    "setting only: hotplug, shutdownTimeout, uri",
  ],
  [
    "memory and a setting",
    { memory: "1259MiB", shutdownTimeout: 5 },
    running(),
    "live",
    "attach define",
    grow,
  ],
  ["vCPUs without room", { vcpus: 4 }, running(), "nextBoot", "define", atNextBoot, noRoom],
  [
    "several at the next boot",
    { vcpus: 4, cpu: "host-model", description: "shop", disks: [{ file: "/d" }] },
    running(),
    "nextBoot",
    "define",
    "next boot: vCPUs 1 → 4, after a shutdown and start; also changes cpu and disks",
    [...noRoom, "next boot: cpu and disks, after a shutdown and start"],
  ],
  [
    "vCPUs of a domain that is off",
    { running: false, vcpus: 4 },
    off(),
    "live",
    "define",
    "live: vCPUs 1 → 4 in the definition (the domain is off)",
  ],
  [
    "description",
    { description: "shop" },
    running(),
    "live",
    "define",
    "live: change description in the definition",
  ],
  [
    "xml",
    { xml: "<domain/>" },
    running(),
    "nextBoot",
    "define",
    "next boot: xml, after a shutdown and start",
    [nextBoot, "the definition is rewritten from xml; manual changes are lost"],
  ],
  ["autostart on", { autostart: true }, running(), "live", "autostart", "live: turn autostart on"],
  ["name", { name: "front" }, running(), "replace", "replace", newDomain, [replaceCosts]],
  [
    "architecture and firmware",
    { arch: "aarch64", firmware: "uefi" },
    running(),
    "replace",
    "replace",
    "replace: changing arch and firmware needs a new domain",
    [replaceCosts],
  ],
  [
    "a replace drops the other parts",
    { name: "front", memory: "1259MiB", vcpus: 4, autostart: true },
    running(),
    "replace",
    "replace",
    newDomain,
    [replaceCosts],
  ],
  [
    "a refusal drops the other parts",
    { name: "front", memory: "1300MiB", vcpus: 4, hotplug: error },
    running(),
    "refuse",
    "",
    "refused: 1003 → 1300 MiB is not a multiple of 256 MiB (live: 1259 or 1515 MiB)",
  ],
  [
    "shut down",
    { running: false },
    running(),
    "restart",
    "stop",
    "restart: shut the domain down (running: false)",
  ],
  [
    "shut down and everything else",
    { running: false, memory: "1300MiB", vcpus: 4, autostart: true },
    running(),
    "restart",
    "stop define autostart",
    "restart: shut the domain down (running: false); memory and vCPUs in the definition",
    [
      "live: 1003 → 1300 MiB in the definition (once the domain is off)",
      "live: vCPUs 1 → 4 in the definition (once the domain is off)",
      "live: turn autostart on",
    ],
  ],
  ["start", { running: true }, off(), "live", "start", "live: start the domain, which is off"],
  [
    "start a domain that shut itself down",
    {},
    off(),
    "live",
    "start",
    "live: start the domain, which is off",
  ],
  [
    "grow and start",
    { memory: "1300MiB" },
    off(),
    "live",
    "define start",
    definedOff,
    ["live: start the domain, which is off"],
  ],
  ["stays off", { running: false }, off(), "none", "", ""],
  [
    "several at once",
    { memory: "1259MiB", vcpus: 4, autostart: true },
    running(),
    "nextBoot",
    "attach define autostart",
    `${atNextBoot}; memory live`,
    [...noRoom, grow, maximum, "live: turn autostart on"],
  ],
  ["memory unknown", { memory: UNKNOWN }, running(), "unknown", "", notKnown],
  ["the ceiling unknown", { maxMemory: UNKNOWN }, running(), "unknown", "", notKnown],
  ["slots unknown", { memorySlots: unknown }, running(), "unknown", "", notKnown],
  [
    "memory unknown, else an error",
    { memory: UNKNOWN, hotplug: error },
    running(),
    "unknown",
    "",
    "unknown: live if possible, otherwise an error (depends on a value not known yet)",
  ],
  [
    "hotplug unknown",
    { memory: "1300MiB", hotplug: unknown },
    running(),
    "unknown",
    "",
    "unknown: live if possible, otherwise hotplug.whenNotPossible (depends on a value not known yet)",
  ],
  [
    "the fallback unknown",
    { memory: "1300MiB", hotplug: { whenNotPossible: unknown } },
    running(),
    "unknown",
    "",
    "unknown: live if possible, otherwise hotplug.whenNotPossible (depends on a value not known yet)",
  ],
  [
    "memory unknown beside what is known",
    { memory: UNKNOWN, vcpus: 4 },
    running(),
    "unknown",
    "",
    notKnown,
    [atNextBoot, ...noRoom],
  ],
  [
    "memory unknown beside a replace",
    { memory: UNKNOWN, name: "front" },
    running(),
    "replace",
    "replace",
    newDomain,
    [replaceCosts],
  ],
  ["a name that isn't known doesn't replace", { name: UNKNOWN }, running(), "none", "", ""],
  ["running unknown", { running: unknown }, off(), "none", "", ""],
  ["autostart unknown", { autostart: unknown }, running(), "none", "", ""],
  [
    "part of a disk unknown",
    { disks: [{ file: UNKNOWN }] },
    running(),
    "nextBoot",
    "define",
    "next boot: disks, after a shutdown and start",
  ],
];

describe("the plan of an update", () => {
  test.each(rows)("%s", (_, change, observed, outcome, steps, headline, details = []) => {
    const inputs = { ...before, ...change };
    const snapshot = structuredClone({ inputs, before, observed });
    const plan = update(inputs, before, observed);
    expect([plan.outcome, plan.steps.map(({ kind }) => kind).join(" "), plan.headline]).toEqual([
      outcome,
      steps,
      headline,
    ]);
    expect(plan.details).toEqual(expect.arrayContaining(details));
    expect({ inputs, before, observed }).toEqual(snapshot);
  });

  test("autostart off", () => {
    const plan = update({ ...before, autostart: false }, { ...before, autostart: true }, running());
    expect(plan.steps).toEqual([{ kind: "autostart", on: false, sentence: "turn autostart off" }]);
  });

  test("a replace names every field that needs it", () => {
    const change = { memory: "1300MiB", name: "front", interfaces: [{ user: true, mac }] };
    const { steps, outcome } = update({ ...before, ...change }, before, running());
    expect(outcome).toBe("replace");
    expect(steps.flatMap((step) => (step.kind === "replace" ? step.fields : []))).toEqual(["memory", "name"]);
  });

  test.each(FIELD_NAMES.filter((name) => FIELDS[name].change === "replace").map((name) => [name]))(
    "a change of %s is a replace",
    (name) => {
      expect(update({ ...before, [name]: "other" }, before, running()).outcome).toBe("replace");
    },
  );

  test.each(FIELD_NAMES.filter((name) => FIELDS[name].change === "replace").map((name) => [name]))(
    "a change of %s of an adopted domain is refused",
    (name) => {
      const inputs = { ...before, [name]: "other" };
      const recorded = running().nextBoot?.memory;
      const plan = planUpdate({
        inputs,
        before,
        observed: running(),
        recorded,
        defaults: DEFAULTS,
        adopted: true,
      });
      expect([plan.outcome, plan.headline, plan.steps]).toEqual([
        "refuse",
        `refused: changing ${name} needs a new domain, but adopted domains are never replaced`,
        [],
      ]);
      expect(plan.reasons).toMatchObject([{ code: "replace-required" }, { code: "adopted-domain" }]);
    },
  );

  test.each([
    ["by itself", {}, "nextBoot", "define", "next boot: numa, after a shutdown and start", nextBoot],
    [
      "beside an increase",
      { memory: "1259MiB" },
      "live",
      "attach define",
      grow,
      "numa takes effect when the domain is next shut down and started; a reboot inside the guest isn't enough",
    ],
  ] as const)("other vCPUs of a node, %s", (_, more, outcome, steps, headline, detail) => {
    const numa = [{ memory: "1003MiB", cpus: "0" }];
    const plan = update(
      { ...before, numa: [{ memory: "1003MiB", cpus: "0-1" }], ...more },
      { ...before, numa },
      running(),
    );
    expect([plan.outcome, plan.steps.map(({ kind }) => kind).join(" "), plan.headline]).toEqual([
      outcome,
      steps,
      headline,
    ]);
    expect(plan.details).toContain(detail);
  });

  const changes = fc.subarray(rows.map(([, change]) => change)).map((some) => Object.assign({}, ...some));

  property.prop([changes, fc.constantFrom(running(), off()), fc.boolean()])(
    "whatever comes together: no stop nor replace in a plan that is live, and no steps without an outcome",
    (change: Partial<Inputs>, observed, adopted) => {
      const recorded = observed.nextBoot?.memory;
      const inputs = { ...before, ...change };
      const situation = { inputs, before, observed, recorded, defaults: DEFAULTS, adopted };
      const { outcome, steps } = planUpdate(situation);
      if (adopted) expect(outcome).not.toBe("replace");
      const kinds = steps.map(({ kind }) => kind);
      if (outcome === "live" || outcome === "nextBoot") {
        expect(kinds).not.toContain("stop");
        expect(kinds).not.toContain("replace");
      }
      expect(kinds.includes("replace")).toBe(outcome === "replace");
      expect(steps.length === 0).toBe(["none", "refuse", "unknown"].includes(outcome));
      if (kinds.includes("stop")) expect([kinds[0], kinds.includes("attach")]).toEqual(["stop", false]);
    },
  );
});

test("a machine type that can't be plugged loses its ceiling in the same update", () => {
  const { steps } = update({ ...before, machine: "microvm" }, before, running());
  expect(steps.map(({ kind }) => kind)).toEqual(["define"]);
  expect(steps[0]).toMatchObject({ definition: { memory: 1003 * 1024 } });
  expect(steps[0]).not.toHaveProperty("definition.maxMemory");
});
