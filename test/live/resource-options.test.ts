import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { buildPackage } from "../support/build-package.ts";
import { ENGINE } from "../support/engines.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { startPlugin } from "../support/plugin-process.ts";
import { pulumi } from "../support/pulumi-command.ts";
import { BARE, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { attachByHand, powerState } from "../support/virsh.ts";

const lab = labOfThisFile();
const on = { ...ENGINE, host: "plugin" } as const;

beforeEach(({ skip }) => skip(ENGINE.engine !== "pulumi", "there is no Pulumi CLI"));

/** Each run of the CLI starts hosts of the program and of the provider. */
const LONG = 600_000;

async function memoryOf(stack: StackOnLab, name: string): Promise<unknown> {
  return (await stack.outputsOf(name)).liveMemory;
}

test("--target changes the target only", { timeout: LONG }, async () => {
  const stack = await stackOnLab(lab(), { "target-1": BARE, "target-2": BARE }, { on });
  await stack.apply();
  for (const name of ["target-1", "target-2"]) stack.edit(name, { memory: "512MiB" });
  const { code, output } = await pulumi(stack, ["up", "--yes", "--target", "**::target-1"]);
  expect([code, output]).toEqual([0, expect.stringContaining("1 updated")]);
  expect([await memoryOf(stack, "target-1"), await memoryOf(stack, "target-2")]).toEqual([
    "512MiB",
    "256MiB",
  ]);
  await stack.apply();
  expect(await memoryOf(stack, "target-2")).toBe("512MiB");
});

test.for(["plugin", "dynamic"] as const)(
  "an update plan is kept, and violated by an update that would do something else, through the %s host",
  {
    timeout: LONG,
  },
  async (host) => {
    const stack = await stackOnLab(lab(), { planned: BARE }, { on: { ...on, host } });
    await stack.apply();
    const plan = join(stack.dir, "plan.json");
    stack.edit("planned", { memory: "512MiB" });
    expect((await pulumi(stack, ["preview", "--save-plan", plan])).code).toBe(0);
    const kept = await pulumi(stack, ["up", "--yes", "--plan", plan]);
    expect([kept.code, kept.output]).toEqual([0, expect.stringContaining("1 updated")]);

    stack.edit("planned", { memory: "768MiB" });
    expect((await pulumi(stack, ["preview", "--save-plan", plan])).code).toBe(0);
    await attachByHand(lab(), "planned", 256);
    const violated = await pulumi(stack, ["up", "--yes", "--plan", plan]);
    expect(violated.code).not.toBe(0);
    expect(violated.output).toContain("violates plan: properties changed");
    await stack.apply();
    expect(await memoryOf(stack, "planned")).toBe("768MiB");
  },
);

test("protect refuses a replacement, and lets a live change through", { timeout: LONG }, async () => {
  const stack = await stackOnLab(lab(), { protected: { ...BARE, options: { protect: true } } }, { on });
  await stack.apply();
  const pid = lab().qemuPid("protected");
  stack.edit("protected", { memory: "512MiB" });
  await stack.apply();
  expect(await memoryOf(stack, "protected")).toBe("512MiB");
  stack.edit("protected", { memory: "600MiB" });
  const { code, output } = await pulumi(stack, ["up", "--yes"]);
  expect(code).not.toBe(0);
  expect(output).toMatch(/marked for protection/);
  expect(lab().qemuPid("protected")).toBe(pid);
});

test("retainOnDelete leaves the domain running, with its definition", { timeout: LONG }, async () => {
  const stack = await stackOnLab(lab(), { retained: { ...BARE, options: { retainOnDelete: true } } }, { on });
  await stack.apply();
  const pid = lab().qemuPid("retained");
  stack.drop("retained");
  await stack.apply();
  expect(await stack.find("retained")).toBeUndefined();
  expect([await powerState(lab(), "retained"), lab().qemuPid("retained")]).toEqual(["running", pid]);
});

test("the CLI attaches to a plugin that runs already, which goes on after it", {
  timeout: LONG,
}, async () => {
  await buildPackage();
  const stack = await stackOnLab(lab(), { debugged: BARE }, { on });
  const plugin = await startPlugin("127.0.0.1:1");
  try {
    const env = { PULUMI_DEBUG_PROVIDERS: `libvirt-hotplug:${plugin.port}` };
    const created = await pulumi(stack, ["up", "--yes"], env);
    expect([created.code, created.output]).toEqual([0, expect.stringContaining("created")]);
    stack.edit("debugged", { memory: "512MiB" });
    const grown = await pulumi(stack, ["up", "--yes"], env);
    expect([grown.code, grown.output]).toEqual([0, expect.stringContaining("1 updated")]);
    expect(plugin.child.exitCode).toBeNull();
  } finally {
    await plugin.stop();
  }
  expect(await memoryOf(stack, "debugged")).toBe("512MiB");
});
