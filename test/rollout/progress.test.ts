import { fc, test as property } from "@fast-check/vitest";
import type { EngineEvent, OpType, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import { expect } from "vitest";
import { progressOf } from "../../examples/rollout/progress.mts";
import type { Vm } from "../../examples/rollout/waves.mts";

/** The steps that the engine makes of a change, in their order. */
const CHANGES: readonly (readonly OpType[])[] = [
  ["create"],
  ["update"],
  ["same"],
  ["refresh", "update"],
  ["delete-replaced", "replace", "create-replacement"],
  ["delete-replaced", "replace", "import-replacement"],
];

interface Change {
  steps: readonly OpType[];
  /** The step that fails; none if it is after the last one. */
  failing: number;
  /** The step before which the run ends. */
  end: number;
}

const changes: fc.Arbitrary<Change> = fc.record({
  steps: fc.constantFrom(...CHANGES),
  failing: fc.nat(3),
  end: fc.oneof(fc.constant(3), fc.nat(3)),
});

function eventsOf(urn: string, { steps, failing, end }: Change): EngineEvent[] {
  // An update whose refresh failed goes on.
  const last = steps[failing] === "refresh" ? steps.length : failing + 1;
  return steps.slice(0, Math.min(end, last)).map((op, index) => {
    const metadata = { op, urn } as StepEventMetadata;
    const event =
      index === failing
        ? { resOpFailedEvent: { metadata, status: 0, steps: 0 } }
        : { resOutputsEvent: { metadata } };
    return { sequence: 0, timestamp: 0, ...event } as EngineEvent;
  });
}

/** Takes from the lists in turns that the numbers choose. */
function interleaved<T>(lists: T[][], choices: number[]): T[] {
  const rest = lists.map((list) => [...list]);
  const taken: T[] = [];
  for (let turn = 0; rest.some(({ length }) => length > 0); turn++) {
    const full = rest.filter(({ length }) => length > 0);
    taken.push(...(full[(choices[turn % choices.length] ?? 0) % full.length] ?? []).splice(0, 1));
  }
  return taken;
}

property.prop([
  fc.array(changes, { maxLength: 8 }),
  fc.array(changes, { maxLength: 3 }),
  fc.array(fc.nat(20), { minLength: 1 }),
])(
  "each VM of a wave is reported and counted once, with how it ended; the rest is left",
  (wave, others, choices) => {
    const vms = wave.map((_, index): Vm => ({ urn: `vm-${index}`, name: "", headline: "" }));
    const reported: [string, string][] = [];
    const progress = progressOf(vms, ({ urn }, result) => reported.push([urn, result]));
    const lists = [
      ...wave.map((change, index) => eventsOf(`vm-${index}`, change)),
      ...others.map((change, index) => eventsOf(`other-${index}`, change)),
    ];
    for (const event of interleaved(lists, choices)) progress.follow(event);

    const isFailed = ({ steps, failing, end }: Change) => failing < Math.min(end, steps.length);
    const isDone = (change: Change) => !isFailed(change) && change.end >= change.steps.length;
    expect(progress.count("FAILED")).toBe(wave.filter(isFailed).length);
    expect(progress.count("done")).toBe(wave.filter(isDone).length);
    expect(reported).toHaveLength(progress.count("done") + progress.count("FAILED"));
    expect(new Set(reported.map(([urn]) => urn)).size).toBe(reported.length);
  },
);
