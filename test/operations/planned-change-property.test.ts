import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { domainUuid } from "../../provider/args/identity.ts";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { defined } from "../../provider/defined.ts";
import { check } from "../../provider/operations/check.ts";
import { diff } from "../../provider/operations/diff.ts";
import { type Outputs, outputs } from "../../provider/outputs.ts";
import type { DesiredMemory } from "../../provider/plan/desired.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import { type LookupResult, Session } from "../../provider/session.ts";
import { canonicalSize } from "../../provider/units/size.ts";
import { hidden, URN } from "../support/arbitrary-inputs.ts";
import { anyWholeCase, type Whole } from "../support/arbitrary-whole.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { observation, URI } from "../support/observations.ts";
import { wire } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

const FOREIGN_UUID = "5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01";

/** A run in which every look finds this domain. */
class SessionWithLook extends Session {
  readonly result: LookupResult;

  constructor(result: LookupResult) {
    const quiet = () => Promise.resolve();
    super({
      connect: () => Promise.reject(new Error("no host")),
      log: { message: quiet, status: quiet },
      environment: {},
      clock: new FakeClock(),
    });
    this.result = result;
  }

  override look(): Promise<LookupResult> {
    return Promise.resolve(this.result);
  }
}

/** Arguments besides the memory: what the program had, and what it changes, which is mostly nothing. */
const anyOthers = fc.record(
  {
    vcpus: fc.constantFrom(1, 2),
    balloon: fc.boolean(),
    description: fc.constantFrom("shop", "front"),
    machine: fc.constantFrom("q35", "pc"),
    autostart: fc.boolean(),
    shutdownTimeout: fc.constantFrom(5, 60),
  },
  { requiredKeys: [] },
);
const anyChange: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: anyOthers },
  { weight: 1, arbitrary: fc.constantFrom({ running: false }, { firmware: "uefi" }, { name: "front" }) },
);

/** The arguments of a program that wants this memory. */
function programFor(desired: DesiredMemory): Record<string, unknown> {
  const size = (kib: number | undefined) => (kib === undefined ? undefined : canonicalSize(kib));
  const { enabled, alignment, whenNotPossible, applyOn, device, allowUnplug, heal, source } = desired;
  return defined({
    memory: size(desired.memory),
    maxMemory: size(desired.maxMemory),
    memorySlots: desired.slots,
    currentMemory: size(desired.currentMemory),
    numa: desired.shares?.map(({ memory }) => ({ memory: memory === 0 ? "0MiB" : size(memory) })),
    forceOff: desired.forceOff,
    hotplug: defined({
      ...{ enabled, whenNotPossible, applyOn, device, allowUnplug, heal },
      alignment: size(alignment),
      targetNode: desired.target,
      emptyNode: desired.emptyNode,
      maxDimmSize: size(desired.maxDimmSize),
      source: source && defined({ nodeset: source.nodemask, pageSize: size(source.pageSize) }),
    }),
  });
}

/** The program that the domain was last updated with: what the domain has. */
function programOf({ live, nextBoot }: Observed, wanted: Record<string, unknown>): Record<string, unknown> {
  const view = live ?? nextBoot;
  if (view === undefined) throw new Error("a domain is running, defined or both");
  const { memory, maxMemory } = view;
  const { numa: _, currentMemory: __, ...rest } = wanted;
  return {
    ...rest,
    memory: canonicalSize(memory),
    maxMemory: canonicalSize(Math.max(memory, maxMemory?.size ?? memory)),
    memorySlots: maxMemory?.slots ?? 16,
  };
}

interface Case extends Whole {
  before: Record<string, unknown>;
  change: Record<string, unknown>;
  isHotplugKept: boolean;
  isAdopted: boolean;
}

const anyCase: fc.Arbitrary<Case> = anyWholeCase.chain((whole) =>
  fc
    .record({
      before: anyOthers,
      change: anyChange,
      isHotplugKept: fc.boolean(),
      isAdopted: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.boolean()),
    })
    .map((more) => ({ ...whole, ...more })),
);

/** What check says of a change, and what diff announces. */
async function shown({ observed: seen, desired, before, change, isHotplugKept, isAdopted }: Case) {
  // Only the state has the balloon target that hasn't been reached, and which pending size is this provider's.
  const { told: _, pending: __, ...observed } = seen;
  const uuid = isAdopted ? FOREIGN_UUID : domainUuid(URN);
  const program = programFor(desired);
  const wanted = isHotplugKept ? program : { ...program, hotplug: {} };
  const old = await checked({ ...hidden, ...programOf(observed, wanted), ...before }, {});
  fc.pre(old !== undefined);
  const inputs: Inputs = { ...old, uuid, ...(isAdopted && { __adopted: true }) };
  const look = observation(observed, { uuid, urn: URN });
  const state: Outputs = outputs(inputs, {
    ...{ uri: URI, observation: look, defaults: DEFAULTS, adopted: isAdopted },
  });
  const session = new SessionWithLook({ kind: "found", observation: look });
  const news = { ...hidden, ...program, ...before, ...change };
  const { inputs: next, failures } = await check(session, wire(inputs), news);
  fc.pre(failures.length === 0);
  const answer = await diff(session, uuid, wire(state) as unknown as Outputs, next as Inputs).catch(
    () => undefined,
  );
  return { old: inputs, next, announced: session.run.of(URN).announced, answer };
}

async function checked(news: Record<string, unknown>, olds: Record<string, unknown>) {
  const { inputs, failures } = await check(new SessionWithLook({ kind: "gone" }), olds, news);
  return failures.length === 0 ? (inputs as Inputs) : undefined;
}

describe("check says what diff announces", () => {
  property.prop([anyCase], cases(150))("of any program and any domain", async (one) => {
    const { old, next, announced, answer } = await shown(one);
    if (announced === undefined) {
      expect(answer).toMatchObject({ changes: false });
      expect(next).toMatchObject({ memoryPlan: old.memoryPlan, change: "none", memoryChange: "none" });
      return;
    }
    const { memory } = announced;
    expect(next.memoryChange).toBe(memory?.outcome);
    if (memory?.headline) expect(next.memoryPlan).toBe(memory.headline);
    else expect([old.memoryPlan, expect.stringMatching(/: nothing to do$/)]).toContainEqual(next.memoryPlan);
    // A look that finds more than the state has makes diff refuse.
    const isOutdated = announced.reasons.some(({ code }) => code === "domain-changed");
    if (!isOutdated) expect(next.change).toBe(announced.outcome);
  });
});
