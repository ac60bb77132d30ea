import { describe, expect, test } from "vitest";
import type { Inputs } from "../../provider/args/inputs.ts";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf } from "../../provider/review/review.ts";
import { off } from "../support/scene.ts";
import { deleteStep, type PreviewStep, preview, updateStep } from "./fleet.ts";

const FILE = "/srv/data.qcow2";

const made = { __made: [FILE] };

function withDisk(onDelete: "delete" | "keep"): Partial<Inputs> {
  return { disks: [{ name: "data", file: FILE, size: "1024MiB", onDelete }] as Inputs["disks"] & object };
}

function reviewed(...steps: PreviewStep[]) {
  return reviewOf(parseOutput(preview(steps), "the preview"));
}

function only(step: PreviewStep) {
  const [domain] = reviewed(step).domains;
  if (domain === undefined) throw new Error("the review has no domain");
  return domain;
}

/** The deletion of a domain whose state has more. */
function deletion(recorded: object, state: object = {}): PreviewStep {
  const { oldState, ...step } = deleteStep();
  if (oldState === undefined) throw new Error("a deletion has an earlier state");
  return { ...step, oldState: { ...oldState, ...state, outputs: { ...oldState.outputs, ...recorded } } };
}

describe("a domain that stays on its host is not said to be deleted", () => {
  test.each([
    ["onDelete", deletion({ onDelete: "keep" })],
    ["adopt", deletion({ __adopted: true })],
    ["retainOnDelete", deletion({ onDelete: "delete", ...made }, { retainOnDelete: true })],
  ])("by %s", (_, step) => {
    const { verdict, headline, questions, memory } = only(step);
    expect(verdict).toBe("delete");
    expect([headline, ...questions].join("\n")).not.toMatch(/deleted with|undefined/);
    expect(headline).toMatch(/^only leaves the stack: the domain stays on its host/);
    expect(questions).toEqual([expect.stringMatching(/^Is it meant to leave the stack\?/)]);
    expect(memory).toEqual({ from: 1003 * 1024, to: 1003 * 1024 });
    expect(reviewed(step).hosts).toMatchObject([
      { domains: { from: 1, to: 1 }, memory: { from: 1003 * 1024, to: 1003 * 1024 } },
    ]);
  });

  test("but one that was adopted with onDelete delete is", () => {
    expect(only(deletion({ __adopted: true, onDelete: "delete" })).headline).toMatch(/^deleted with/);
  });
});

describe("a disk image that is deleted is a step and a question", () => {
  const removed = (onDelete: "delete" | "keep", recorded: object) =>
    only(
      updateStep({
        observed: off(),
        before: withDisk(onDelete),
        now: { disks: [], memory: "1003MiB" },
        recorded,
      }),
    );

  test("of a disk that the program no longer has", () => {
    const { steps, questions } = removed("delete", made);
    expect(steps).toContainEqual(expect.stringContaining(`delete the image ${FILE}`));
    expect(questions).toContainEqual(expect.stringContaining(`${FILE} is deleted with all data on it`));
  });

  test.each([
    ["kept", "keep", made],
    ["not made by this provider", "delete", {}],
  ] as const)("but not one that is %s", (_, onDelete, recorded) => {
    const { steps, questions } = removed(onDelete, recorded);
    expect([...steps, ...questions].join("\n")).not.toContain(FILE);
  });

  test("with its domain", () => {
    expect(only(deletion({ ...withDisk("delete"), ...made })).questions.join()).toMatch(
      /A disk image is deleted with it/,
    );
    expect(only(deletion({ ...withDisk("keep"), ...made })).questions.join()).toMatch(/disk files are kept/);
  });
});

describe("what an interrupted replace left is deleted, and the resource's domain isn't", () => {
  const leftover = { ...deletion({}, { delete: true }), urn: updateStep().urn };

  test.each([
    ["first", [leftover, updateStep()]],
    ["last", [updateStep(), leftover]],
  ])("%s", (_, steps) => {
    expect(reviewed(...steps).domains).toMatchObject([
      { verdict: "live", memory: { from: 1003 * 1024, to: 1259 * 1024 } },
    ]);
  });

  test("of a domain that doesn't change", () => {
    const review = reviewed({ ...updateStep(), op: "same" }, leftover);
    expect(review).toMatchObject({ domains: [], unchanged: 1 });
  });
});
