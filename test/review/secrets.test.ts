import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SECRET, SIGNATURE } from "../../provider/args/secret-mark.ts";
import { commandLine } from "../command/command-line.ts";
import { cases } from "../support/properties.ts";
import { type PreviewStep, preview, updateStep } from "./fleet.ts";

/** Figures and words that occur in no other text. */
const MEMORY = { before: 48_619, now: 48_619 + 256 };
const WORD = "hunter2-s3cr3t";

type Properties = Record<string, unknown>;

/** How a preview may have a secret: as the CLI prints it, encrypted, and with --show-secrets. */
const FORMS: Record<string, (value: unknown) => unknown> = {
  printed: () => "[secret]",
  encrypted: () => ({ [SIGNATURE]: SECRET, ciphertext: "AAABAMn" }),
  wrapped: (value) => ({ [SIGNATURE]: SECRET, plaintext: JSON.stringify(value) }),
  shown: (value) => value,
};

/** What is secret when an argument is: the provider marks it, and the CLI hides it. */
const HIDDEN: Record<string, string[]> = {
  memory: [
    ...["memory", "maxMemory", "memoryPlan", "liveMemory", "nextBootMemory", "memoryDevices", "reachable"],
    "__observed",
  ],
  name: ["name", "__observed"],
  uri: ["uri", "__observed"],
  description: ["description", "__observed"],
  disks: ["disks", "__observed"],
};

/** Changes only values that are there. */
function hidden(
  properties: object | undefined,
  argument: string,
  form: (value: unknown) => unknown,
): Properties {
  const copy: Properties = { ...properties };
  for (const name of HIDDEN[argument] ?? []) if (name in copy) copy[name] = form(copy[name]);
  return { ...copy, __secrets: [argument], ...(argument === "memory" && { __secret: true }) };
}

function secretStep(argument: string, form: (value: unknown) => unknown): PreviewStep {
  const step = updateStep({
    name: "vault-1",
    uri: argument === "uri" ? `qemu+ssh://${WORD}@host/system` : "qemu:///system",
    observed: observedOf(MEMORY.before),
    before: {
      memory: `${MEMORY.before}MiB`,
      maxMemory: `${MEMORY.before * 2 + 2}MiB`,
      ...(argument === "name" && { name: WORD }),
      ...(argument === "description" && { description: WORD }),
      ...(argument === "disks" && { disks: [{ name: "a", file: `/srv/${WORD}.img` }] as never }),
      ...(argument === "uri" && { uri: `qemu+ssh://${WORD}@host/system` }),
    },
    now: {
      memory: argument === "memory" ? `${MEMORY.now}MiB` : `${MEMORY.before}MiB`,
      ...(argument === "description" && { description: `${WORD}-2` }),
      ...(argument === "disks" && { disks: [{ name: "a", file: `/srv/${WORD}-2.img` }] as never }),
    },
  });
  const { oldState, newState } = step;
  if (oldState === undefined || newState === undefined) throw new Error("an update has both states");
  return {
    ...step,
    oldState: {
      ...oldState,
      inputs: hidden(oldState.inputs, argument, form),
      outputs: hidden(oldState.outputs, argument, form),
    },
    newState: { ...newState, inputs: hidden(newState.inputs, argument, form) },
    diffReasons: [argument],
  };
}

function observedOf(mib: number) {
  const view = {
    memory: mib * 1024,
    currentMemory: mib * 1024,
    cells: [{ id: 0, memory: mib * 1024 }],
    devices: [],
    vcpus: 1,
    acpi: true,
    uefi: false,
    arch: "x86_64",
    maxMemory: { size: (mib * 2 + 2) * 1024, slots: 16 },
  };
  return { power: "running" as const, persistent: true, live: view, nextBoot: view };
}

const anySecret = fc.record({
  argument: fc.constantFrom(...Object.keys(HIDDEN)),
  form: fc.constantFrom(...Object.keys(FORMS)),
  format: fc.constantFrom("markdown", "json", "github"),
});

test("no secret is in any form of a review, however the preview has it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "review-"));
  try {
    await fc.assert(
      fc.asyncProperty(anySecret, async ({ argument, form, format }) => {
        const steps = [updateStep(), secretStep(argument, FORMS[form] ?? (() => ""))];
        const svg = join(folder, `${argument}-${form}`);
        const { code, out } = await commandLine(["review", "--format", format, "--svg", svg], preview(steps));
        expect(code).toBe(0);
        const pictures = readdirSync(svg).map((name) => readFileSync(join(svg, name), "utf8"));
        const all = [out, ...pictures].join("\n");
        expect(all).toContain("vault-1");
        expect(all).toContain("1259");
        expect(all).not.toContain(WORD);
        expect(all).not.toContain("AAABAMn");
        expect(all).not.toContain(SIGNATURE);
        if (argument === "memory") expect(all).not.toMatch(/4861\d|48875|97240/);
      }),
      cases(120),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a secret that isn't a size doesn't hide the sizes, and a change of it is planned", async () => {
  const { out } = await commandLine(
    ["review", "--format", "json"],
    preview([secretStep("description", () => "[secret]")]),
  );
  const [domain] = JSON.parse(out).domains;
  expect(domain).toMatchObject({ verdict: "unknown", secret: false });
  expect(domain.memory).toEqual({ from: `${MEMORY.before}MiB`, to: `${MEMORY.before}MiB` });
  const shown = await commandLine(
    ["review", "--format", "json"],
    preview([secretStep("description", (value) => value)]),
  );
  expect(JSON.parse(shown.out).domains[0]).toMatchObject({ verdict: "live", secret: false });
});
