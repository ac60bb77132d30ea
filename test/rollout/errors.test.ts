import { fc, test as property } from "@fast-check/vitest";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { describe, expect, test } from "vitest";
import { errorsOf, linesOf, messageOf } from "../../examples/rollout/errors.mts";

const DOMAIN = "urn:pulumi:a::rollout::pulumi-nodejs:dynamic/libvirt:Domain";
const STACK = "urn:pulumi:a::rollout::pulumi:pulumi:Stack::rollout-a";

/** Of a run: what its CLI printed. */
const failed = new Error("code: 255\n stdout: \n stderr: error: update failed\n err?: \n");

const diagnostic = (urn: string | undefined, message: string, severity = "error") =>
  ({ sequence: 0, timestamp: 0, diagnosticEvent: { urn, message, severity } }) as EngineEvent;

const texts = fc
  .array(fc.stringMatching(/^ {0,2}[a-z:]{1,6}( [a-z]{1,6}){0,3}$/), { minLength: 1, maxLength: 4 })
  .map((lines) => lines.join("\n"));
const names = fc.stringMatching(/^[a-z]{1,4}(-\d|::[a-z]|\$x)?$/);

describe("the errors of a run", () => {
  property.prop([fc.array(fc.record({ name: names, text: texts }), { minLength: 1, maxLength: 4 }), texts])(
    "have the stack and the VM on each line, and leave nothing out",
    (errors, ofStack) => {
      const events = [
        diagnostic(STACK, ofStack),
        ...errors.map(({ name, text }) => diagnostic(`${DOMAIN}::${name}`, text)),
        diagnostic(`${DOMAIN}::other`, "a warning", "warning"),
      ];
      const found = errorsOf(events, failed);
      expect(found.map(({ resource }) => resource)).toEqual(errors.map(({ name }) => name));
      for (const [index, { name, text }] of errors.entries()) {
        const start = `a  ${name}  `;
        const lines = found.slice(index, index + 1).flatMap((error) => linesOf("a", error));
        expect(lines.every((line) => line.startsWith(start))).toBe(true);
        expect(lines.map((line) => line.slice(start.length)).join("\n")).toBe(text.trim());
      }
    },
  );

  property.prop([texts, fc.constantFrom(undefined, "", STACK)])(
    "are the program's if no resource has one",
    (text, urn) => {
      expect(errorsOf([diagnostic(urn, text)], failed)).toEqual([{ text: text.trim() }]);
      for (const line of linesOf("a", { text })) expect(line).toMatch(/^a {2}\S? *\S/);
    },
  );

  test("are the CLI's if there are no others", () => {
    expect(errorsOf([], failed)).toEqual([{ text: "update failed" }]);
    expect(messageOf(new Error("Command was killed with SIGTERM (Termination): pulumi up"))).toBe(
      "Pulumi was ended by SIGTERM; if its stack is locked now, run pulumi cancel",
    );
  });

  test("have no stack trace of the program, and no frame of Pulumi's", () => {
    const program = "Running program failed:\nError: no size\n    at index.ts:3\n    at Module.load";
    expect(errorsOf([diagnostic(STACK, program)], failed)).toEqual([
      { text: "Running program failed:\nError: no size" },
    ]);
    const [error = { text: "" }] = errorsOf(
      [diagnostic(`${DOMAIN}::db-1`, "1 error occurred:\n\t* the guest refused\n\n")],
      failed,
    );
    expect(linesOf("b", error)).toEqual(["b  db-1  the guest refused"]);
  });
});
