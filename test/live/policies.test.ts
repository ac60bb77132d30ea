import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copyProgram } from "../package/linked-program.ts";
import { buildPackage } from "../support/build-package.ts";
import { ENGINE } from "../support/engines.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { pulumi } from "../support/pulumi-command.ts";
import { BARE, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";

const lab = labOfThisFile();
const ROOT = join(import.meta.dirname, "../..");

/** The pack of examples/policy, beside the program's folder, with a configuration of the run. */
function examplePack({ dir }: StackOnLab) {
  const pack = `${dir}-policies`;
  copyProgram("examples/policy", pack);
  mkdirSync(join(pack, "node_modules/@pulumi"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules/@pulumi/policy"), join(pack, "node_modules/@pulumi/policy"));
  const config = join(dir, "policies.json");
  return (rules: object) => {
    writeFileSync(config, JSON.stringify(rules));
    return ["--policy-pack", pack, "--policy-pack-config", config];
  };
}

/** Each run of the CLI starts hosts of the program, of the provider and of the policy pack, which is compiled first. */
const LONG = 900_000;

const sizes = { small: { memory: "256MiB", vcpus: 1 }, large: { memory: "512MiB", vcpus: 1 } };

test.for(["dynamic", "plugin"] as const)(
  "the example's policy pack, with the %s host",
  { timeout: LONG },
  async (host, { skip }) => {
    if (ENGINE.engine !== "pulumi") skip("there is no Pulumi CLI");
    await buildPackage();
    const on = { ...ENGINE, host };
    const stack = await stackOnLab(lab(), { [`${host}-1`]: { ...BARE, vcpus: 1 } }, { on });
    const name = `${host}-1`;
    await stack.apply();
    const pack = examplePack(stack);
    const rules = {
      "size-catalogue": { sizes },
      reachable: { sizes },
      headroom: { memory: "1GiB", slots: 4 },
      "max-per-host": { memory: "1GiB" },
    };

    stack.edit(name, { memory: "512MiB" });
    const grown = await pulumi(stack, ["preview", ...pack(rules)]);
    expect(grown.output).toContain("✅ libvirt-policies@v1.0.0");
    expect(grown.code).toBe(0);

    // One DIMM leaves 15 slots.
    const pid = lab().qemuPid(name);
    const tight = { ...rules, headroom: { memory: "1GiB", slots: 16 } };
    const full = "after the change 15 of 16 slots are free, but 16 must be";
    const previewed = await pulumi(stack, ["preview", ...pack(tight)]);
    expect([previewed.code === 0, previewed.output]).toEqual([false, expect.stringContaining(full)]);
    // Without a preview only the class's inputs say before the update what it leaves.
    if (host === "dynamic") {
      const stopped = await pulumi(stack, ["up", "--yes", "--skip-preview", ...pack(tight)]);
      expect([stopped.code === 0, stopped.output]).toEqual([false, expect.stringContaining(full)]);
    }
    const further = { small: sizes.small, large: sizes.large, huge: { memory: "3GiB", vcpus: 1 } };
    const unreachable = { ...rules, "size-catalogue": { sizes: further } };
    const next = await pulumi(stack, [
      "preview",
      ...pack({ ...unreachable, reachable: { sizes: further, enforcementLevel: "mandatory" } }),
    ]);
    expect([next.code === 0, next.output]).toEqual([
      false,
      expect.stringContaining("from 512 MiB the next size, huge (3 GiB, 1 vCPU), is not live"),
    ]);
    expect([lab().qemuPid(name), (await stack.outputsOf(name)).liveMemory]).toEqual([pid, "256MiB"]);

    // Where only a setting changes, the domain keeps its room.
    stack.edit(name, { memory: "256MiB", shutdownTimeout: 1 });
    const setting = await pulumi(stack, ["preview", ...pack(tight)]);
    expect([setting.code, setting.output]).toEqual([
      0,
      expect.stringContaining("✅ libvirt-policies@v1.0.0"),
    ]);

    stack.edit(name, { memory: "300MiB" });
    const denied = await pulumi(stack, ["up", "--yes", ...pack(rules)]);
    expect(denied.code).not.toBe(0);
    expect(denied.output).toContain("❌ libvirt-policies@v1.0.0");
    expect(denied.output).toContain(
      `${name}: would be deleted and created again, change is "replace" (replace: 256 → 300 MiB is not a multiple of 256 MiB (live: 512 MiB))`,
    );
    expect(denied.output).toContain(
      `${name}: memory is 300 MiB, which is not a size of the catalogue. Use small (256 MiB, 1 vCPU) or large (512 MiB, 1 vCPU).`,
    );
    // Without a preview, the domain is judged before it is touched.
    const unseen = await pulumi(stack, ["up", "--yes", "--skip-preview", ...pack(rules)]);
    expect(unseen.code).not.toBe(0);
    expect(lab().qemuPid(name)).toBe(pid);

    const exceptions = [{ name, reason: "moves to another size", until: "2999-12-31" }];
    const both = { "no-downtime": { exceptions }, "size-catalogue": { sizes, exceptions } };
    const excepted = await pulumi(stack, ["preview", ...pack({ ...rules, ...both })]);
    expect(excepted.output).not.toContain("would be deleted and created again, change is");
    expect(excepted.code).toBe(0);

    const misspelled = await pulumi(stack, ["preview", ...pack({ ...rules, "no-downtime": { outcome: 1 } })]);
    expect(misspelled.output).toContain('outcome is not a setting of this rule; did you mean "outcomes"?');

    const wrong = { "no-downtime": { exceptions: [{ name, reason: "x", until: "2026-02-30" }] } };
    const refused = await pulumi(stack, ["preview", ...pack({ ...rules, ...wrong })]);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("exceptions[0].until must be a day of the calendar as YYYY-MM-DD");
  },
);
