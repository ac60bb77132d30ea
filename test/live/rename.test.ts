import { join } from "node:path";
import { expect, test } from "vitest";
import { openStack } from "../engine/driver.ts";
import { PASSPHRASE } from "../engine/pulumi-cli.ts";
import { run } from "../lab/command.ts";
import { ENGINE } from "../support/engines.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, words } from "../support/virsh.ts";

const lab = labOfThisFile();

const owner = async (name: string) =>
  /<hotplug:domain [^>]*?\burn=["']([^"']+)["']/.exec(await lab().virsh("dumpxml", name, "--inactive"))?.[1];
const urnOf = (stack: string, name: string) =>
  `urn:pulumi:${stack}::live::pulumi-nodejs:dynamic/libvirt:Domain::${name}`;
const definitions = async () => words(await lab().virsh("list", "--all", "--name"));

/** Renames its resource by an alias. */
async function aliased(stack: StackOnLab): Promise<void> {
  stack.drop("old");
  stack.edit("new", { ...BARE, name: "old", options: { aliases: [{ name: "old" }] } });
  const { changes } = await stack.apply();
  expect(changes).toEqual({ same: 2 });
}

test("an alias renames the resource: its domain is destroyed with it, before an update and after", async ({
  skip,
}) => {
  skip(ENGINE.engine !== "pulumi", "the small engine knows no aliases");
  for (const grows of [false, true]) {
    const stack = await stackOnLab(lab(), { old: BARE }, { on: { ...ENGINE, traces: [] } });
    await stack.apply();
    const pid = lab().qemuPid("old");
    await aliased(stack);
    expect(await owner("old")).toBe(urnOf("dev", "old"));
    if (grows) {
      stack.edit("new", { memory: "512MiB" });
      await stack.apply();
      expect(await owner("old")).toBe(urnOf("dev", "new"));
    }
    expect(lab().qemuPid("old")).toBe(pid);
    const { errors } = await stack.destroy();
    expect([errors, await definitions()]).toEqual([[], []]);
  }
});

test("pulumi stack rename: the next update rewrites the owner, and the domain is destroyed with the stack", async ({
  skip,
}) => {
  skip(ENGINE.engine !== "pulumi", "only Pulumi's CLI renames stacks");
  const stack = await stackOnLab(lab(), { web: BARE }, { on: { ...ENGINE, traces: [] } });
  await stack.apply();
  const pid = lab().qemuPid("web");
  const backendDir = join(stack.dir, "state");
  await run("pulumi", ["stack", "rename", "prod", "--stack", "dev", "--non-interactive"], {
    cwd: stack.dir,
    env: { ...process.env, PULUMI_BACKEND_URL: `file://${backendDir}`, PULUMI_CONFIG_PASSPHRASE: PASSPHRASE },
  });
  const renamed = await openStack({ projectDir: stack.dir, stack: "prod", backendDir, engine: "pulumi" });
  expect((await renamed.up({ expectNoChanges: true })).errors).toEqual([]);
  expect(await owner("web")).toBe(urnOf("dev", "web"));
  stack.edit("web", { memory: "512MiB" });
  expect((await renamed.up()).errors).toEqual([]);
  expect(await owner("web")).toBe(urnOf("prod", "web"));
  expect(await liveMemory(lab(), "web")).toMatchObject({ memory: 512 * 1024 });
  expect(lab().qemuPid("web")).toBe(pid);
  expect((await renamed.refresh({ expectNoChanges: true })).errors).toEqual([]);
  expect((await renamed.destroy()).errors).toEqual([]);
  expect(await definitions()).toEqual([]);
});
