import { expect, test } from "vitest";
import { parseOutput } from "../../provider/review/parse-output.ts";
import { reviewOf } from "../../provider/review/review.ts";
import { DYNAMIC_TYPE, PLUGIN_TYPE } from "../../sdk/dynamic-type.ts";
import { createStep, type PreviewStep, preview, updateStep } from "./fleet.ts";

const STACK = { "libvirt-hotplug:whenNotPossible": "nextBoot", "libvirt-hotplug:uri": "qemu:///session" };

function providerUrn(name: string): string {
  return `urn:pulumi:prod::fleet::pulumi:providers:libvirt-hotplug::${name}`;
}

/** The step with a reference to a provider. */
function by(name: string, { oldState, newState, ...step }: PreviewStep): PreviewStep {
  const provider = `${providerUrn(name)}::6f2d`;
  return {
    ...step,
    ...(oldState && { oldState: { ...oldState, provider } }),
    ...(newState && { newState: { ...newState, provider } }),
  };
}

function verdictOf(steps: object[]): { verdict?: string; host?: string } {
  const { domains } = reviewOf(parseOutput(preview(steps, [], STACK), "the preview"));
  const { verdict, host } = domains[0] ?? {};
  return { ...(verdict && { verdict }), ...(host !== undefined && { host }) };
}

const notAligned = { type: PLUGIN_TYPE, now: { memory: "1100MiB" } } as const;
const inputs = { whenNotPossible: "restart", uri: "qemu:///system" };

test("the stack's configuration is that of its default provider", () => {
  for (const name of ["default", "default_0_1_0", "default_0_1_0_https___example.com"])
    expect(verdictOf([by(name, updateStep(notAligned))]).verdict, name).toBe("nextBoot");
});

test("an explicit provider has its own, where the output has it", () => {
  const provider = { op: "same", urn: providerUrn("far"), newState: { type: "", inputs } };
  expect(verdictOf([provider, by("far", updateStep(notAligned))]).verdict).toBe("restart");
  expect(verdictOf([by("far", updateStep(notAligned)), provider]).verdict).toBe("restart");
  const { urn, newState } = createStep("new-1");
  const created = by("far", {
    op: "create",
    urn: urn.replace(DYNAMIC_TYPE, PLUGIN_TYPE),
    ...(newState && { newState }),
  });
  expect(verdictOf([provider, created]).host).toBe("qemu:///system");
});

test("an explicit provider that the output doesn't have is not the stack's", () => {
  expect(verdictOf([by("far", updateStep(notAligned))]).verdict).toBe("replace");
  const { urn, newState } = createStep("new-1");
  const created = by("far", {
    op: "create",
    urn: urn.replace(DYNAMIC_TYPE, PLUGIN_TYPE),
    ...(newState && { newState }),
  });
  expect(verdictOf([created])).toEqual({ verdict: "create" });
});

test("the dynamic class has the stack's, whatever its provider is", () => {
  expect(verdictOf([by("far", updateStep({ now: { memory: "1100MiB" } }))]).verdict).toBe("nextBoot");
});
