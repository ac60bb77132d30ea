import { test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { afterStep } from "../../provider/plan/after-step.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import { type PauseReason, pauseOf } from "../../provider/plan/pause.ts";
import { planUpdate, type UpdatePlan } from "../../provider/plan/plan-update.ts";
import { describeHalted, describePower } from "../../provider/plan/power.ts";
import { anyPowered } from "../support/arbitrary-domain.ts";
import { anyProgram } from "../support/arbitrary-program.ts";
import { cases } from "../support/properties.ts";
import { checkedInputs, off, ours, paused, running, view } from "../support/scene.ts";

/** The update of a domain from 1003 MiB, or of the program before, to these arguments. */
function update(change: Partial<Inputs>, observed: Observed, before: Partial<Inputs> = {}): UpdatePlan {
  const inputs: Inputs = { ...checkedInputs, ...before, ...change };
  const recorded = observed.nextBoot?.memory;
  return planUpdate({
    inputs,
    before: { ...checkedInputs, ...before },
    observed,
    recorded,
    defaults: DEFAULTS,
    adopted: false,
  });
}

const kinds = ({ steps }: UpdatePlan) => steps.map(({ kind }) => kind).join(" ");
const codes = ({ reasons }: UpdatePlan) => reasons.map(({ code }) => code).join(" ");

function pausedBy(pause: PauseReason, observed = running()): Observed {
  return { ...paused(observed), pause };
}

/** What the program's `running` does to a domain that is paused for this reason. */
interface Row {
  /** Unset: what a growth by whole blocks does. */
  grow: string;
  /** True, and the same growth. */
  resume: string;
  /** False, and false with forceOff. */
  stop: string;
  forced: string;
}

const SUSPENDED: Row = {
  grow: "live attach define",
  resume: "live resume attach define",
  stop: "restart resume stop",
  forced: "restart resume stop",
};
const HALTED: Row = {
  grow: "refuse domain-halted",
  resume: "refuse domain-halted",
  stop: "refuse domain-halted",
  forced: "restart stop",
};
const BUSY: Row = {
  grow: "refuse domain-busy",
  resume: "refuse domain-busy",
  stop: "refuse domain-busy",
  forced: "refuse domain-busy",
};

const ROWS: Record<PauseReason, Row> = {
  // Memory that is attached now is there when somebody resumes it.
  unknown: { ...HALTED, grow: SUSPENDED.grow, resume: SUSPENDED.grow },
  user: SUSPENDED,
  "from snapshot": SUSPENDED,
  restored: SUSPENDED,
  migrating: BUSY,
  saving: BUSY,
  dumping: BUSY,
  "shutting down": BUSY,
  "creating snapshot": BUSY,
  "starting up": BUSY,
  "I/O error": HALTED,
  watchdog: HALTED,
  crashed: HALTED,
  "post-copy": HALTED,
  "post-copy failed": HALTED,
  "API error": HALTED,
  asleep: {
    grow: "refuse domain-asleep",
    resume: "live wake attach define",
    stop: "restart wake stop",
    forced: "restart wake stop",
  },
};

describe.each(Object.entries(ROWS) as [PauseReason, Row][])("a domain that is paused: %s", (reason, row) => {
  const outcomeOf = (plan: UpdatePlan) => `${plan.outcome} ${kinds(plan) || codes(plan)}`.trim();
  const grow = { memory: "1259MiB" };

  test("grows, resumes, and shuts down as its reason allows", () => {
    const domain = pausedBy(reason);
    expect({
      grow: outcomeOf(update(grow, domain)),
      resume: outcomeOf(update({ ...grow, running: true }, domain)),
      stop: outcomeOf(update({ running: false }, domain)),
      forced: outcomeOf(update({ running: false, forceOff: true }, domain)),
    }).toEqual(row);
  });

  test("is left alone by a program that changes nothing, or a setting, and has no opinion", () => {
    expect(update({}, pausedBy(reason))).toMatchObject({ outcome: "none", steps: [] });
    expect(update({ shutdownTimeout: 5 }, pausedBy(reason))).toMatchObject({ outcome: "none", steps: [] });
  });

  test("is never replaced for the pause, and the size waits where the program defers it", () => {
    const { outcome } = update(grow, pausedBy(reason));
    expect(["live", "refuse"]).toContain(outcome);
    const deferred = update({ ...grow, hotplug: { whenNotPossible: "nextBoot" } }, pausedBy(reason));
    const expected = row === BUSY ? "refuse" : outcome === "live" ? "live" : "nextBoot";
    expect(deferred.outcome).toBe(expected);
  });

  test("is restarted as its reason allows", () => {
    const restart = { memory: "1300MiB", hotplug: { whenNotPossible: "restart" } } as const;
    const plan = update(restart, pausedBy(reason));
    if (plan.outcome === "refuse")
      expect(codes(plan)).toContain(row === BUSY ? "domain-busy" : "domain-halted");
    else expect(kinds(plan)).toMatch(/^(resume|wake) stop define start$/);
    const forced = update({ ...restart, forceOff: true }, pausedBy(reason));
    if (row !== BUSY) expect(kinds(forced)).toMatch(/^((resume|wake) )?stop define start$/);
  });

  test("is named by a refresh, and by each preview where nothing will resume it", () => {
    const [text = ""] = describePower(pausedBy(reason), checkedInputs);
    expect(text).toContain(reason);
    const isHalted = pauseOf(pausedBy(reason))?.kind === "halted";
    expect(describeHalted(pausedBy(reason)).length).toBe(isHalted ? 1 : 0);
  });
});

test("states of earlier versions have no reason: a user paused the domain", () => {
  expect(kinds(update({ running: true }, paused(running())))).toBe("resume");
});

describe("a domain that is off with a saved state", () => {
  const saved: Observed = { ...off(), saved: view() };
  const other: Observed = { ...off({ cells: [1259] }), saved: view({ devices: [ours(0, 256)] }) };

  test.each<[string, Partial<Inputs>, Observed, string, string, string]>([
    [
      "is restored",
      {},
      saved,
      "live",
      "restore",
      "live: restore the domain from its saved state with 1003 MiB",
    ],
    [
      "is restored, and grows then",
      { memory: "1259MiB" },
      saved,
      "live",
      "restore attach define",
      "live: restore with 1003 MiB, then 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
    ],
    [
      "counts the DIMMs that it was saved with",
      { memory: "1515MiB" },
      other,
      "live",
      "restore attach define",
      "live: restore with 1259 MiB, then 1259 → 1515 MiB, one 256 MiB DIMM in slot 1 (14 of 16 free), no restart",
    ],
    [
      "waits with what can't be live",
      { memory: "1300MiB", hotplug: { whenNotPossible: "nextBoot" } },
      saved,
      "nextBoot",
      "restore define",
      "next boot: restore with 1003 MiB, then 1003 → 1300 MiB, after a shutdown and start",
    ],
    [
      "waits with vCPUs",
      { vcpus: 4 },
      saved,
      "nextBoot",
      "restore define",
      "next boot: restore with 1003 MiB, then vCPUs 1 → 4, after a shutdown and start",
    ],
    [
      "is restored, so that its guest can shut down for a restart",
      { memory: "1300MiB", hotplug: { whenNotPossible: "restart" } },
      saved,
      "restart",
      "restore stop define start",
      "restart: restore with 1003 MiB, then 1003 → 1300 MiB is not a multiple of 256 MiB (live: 1259 or 1515 MiB)",
    ],
    ["is left alone where it should be off", { running: false }, saved, "none", "", ""],
    [
      "gets a size for later where it should be off",
      { running: false, memory: "1300MiB" },
      saved,
      "nextBoot",
      "define",
      "next boot: 1003 → 1300 MiB in the definition (the saved state of 1003 MiB comes first)",
    ],
    [
      "starts without it, where the program says so",
      { discardSavedState: true },
      saved,
      "restart",
      "discard start",
      "restart: discard the saved state (1003 MiB) and start the domain (discardSavedState)",
    ],
    [
      "starts without it, with another size",
      { discardSavedState: true, memory: "1300MiB" },
      saved,
      "restart",
      "define discard start",
      "restart: discard the saved state (1003 MiB) and start the domain (discardSavedState); memory in the definition",
    ],
    [
      "keeps it where it should be off",
      { discardSavedState: true, running: false },
      saved,
      "none",
      "",
      "setting only: discardSavedState",
    ],
  ])("%s", (_, change, observed, outcome, steps, headline) => {
    const before = observed === other ? { memory: "1259MiB" } : {};
    const plan = update(change, observed, { ...before, ...("running" in change && { running: false }) });
    expect([plan.outcome, kinds(plan), plan.headline]).toEqual([outcome, steps, headline]);
    expect(plan.headline.length).toBeLessThanOrEqual(120);
  });

  test("is lost with a replace, which says so", () => {
    const lost = "the saved state (virsh managedsave, 1003 MiB) is lost as well";
    expect(update({ memory: "1300MiB" }, saved)).toMatchObject({
      outcome: "replace",
      details: expect.arrayContaining([lost]),
    });
    expect(update({ name: "front" }, saved).details).toContain(lost);
  });
});

/** The kinds of states where an update ends. */
const DONE = ["none", "live", "nextBoot", "restart"];

const anyUpdate = anyPowered.chain((observed) =>
  anyProgram(observed).map((program) => ({ observed, ...program })),
);

property.prop([anyUpdate], cases(1000))("whatever the power is, what is carried out is settled", (one) => {
  const { observed, inputs, before } = one;
  const rest = { recorded: undefined, defaults: DEFAULTS, adopted: false };
  const plan = planUpdate({ inputs, before, observed, ...rest });
  expect(plan.headline.length).toBeLessThanOrEqual(120);
  if (!DONE.includes(plan.outcome)) {
    expect(plan.steps.every(({ kind }) => kind === "replace")).toBe(true);
    return;
  }
  const after = plan.steps.reduce((seen, step) => afterStep(seen, step), observed);
  const second = planUpdate({ inputs, before: inputs, observed: after, ...rest });
  expect([second.outcome, second.steps]).toEqual(["none", []]);
  if (inputs.running === false) expect(after.live === undefined || plan.outcome === "none").toBe(true);
  const pause = pauseOf(after);
  if (inputs.running === true) expect([undefined, "halted", "busy"]).toContain(pause?.kind);
});
