import { join } from "node:path";
import { expect, test } from "vitest";
import { openStack } from "../engine/driver.ts";
import { PASSPHRASE } from "../engine/pulumi-cli.ts";
import { run } from "../lab/command.ts";
import { ENGINE } from "../support/engines.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, words } from "../support/virsh.ts";

const lab = labOfThisFile();

/** Each operation of the CLI takes some seconds. */
const SLOW = { timeout: 400_000 };

const owner = async (name: string) =>
  /<hotplug:domain [^>]*?\burn=["']([^"']+)["']/.exec(await lab().virsh("dumpxml", name, "--inactive"))?.[1];
const urnOf = (stack: string, name: string) =>
  `urn:pulumi:${stack}::live::pulumi-nodejs:dynamic/libvirt:Domain::${name}`;
const definitions = async () => words(await lab().virsh("list", "--all", "--name"));

test(
  "an alias renames the resource: its domain is destroyed with it, before an update and after",
  SLOW,
  async ({ skip }) => {
    skip(ENGINE.engine !== "pulumi", "the small engine knows no aliases");
    const names = ["kept", "grown"];
    const stack = await stackOnLab(lab(), { kept: BARE, grown: BARE }, { on: { ...ENGINE, traces: [] } });
    await stack.apply();
    const pids = names.map((name) => lab().qemuPid(name));
    for (const name of names) {
      stack.drop(name);
      stack.edit(`${name}-1`, { ...BARE, name, options: { aliases: [{ name }] } });
    }
    expect((await stack.apply()).changes).toEqual({ same: 3 });
    stack.edit("grown-1", { memory: "512MiB" });
    await stack.apply();
    expect(await owner("kept")).toBe(urnOf("dev", "kept"));
    expect(await owner("grown")).toBe(urnOf("dev", "grown-1"));
    expect(names.map((name) => lab().qemuPid(name))).toEqual(pids);
    const { errors } = await stack.destroy();
    expect([errors, await definitions()]).toEqual([[], []]);
  },
);

test(
  "pulumi stack rename: the next update rewrites the owner, and the domain is destroyed with the stack",
  SLOW,
  async ({ skip }) => {
    skip(ENGINE.engine !== "pulumi", "only Pulumi's CLI renames stacks");
    const stack = await stackOnLab(lab(), { web: BARE }, { on: { ...ENGINE, traces: [] } });
    await stack.apply();
    const pid = lab().qemuPid("web");
    const backendDir = join(stack.dir, "state");
    await run("pulumi", ["stack", "rename", "prod", "--stack", "dev", "--non-interactive"], {
      cwd: stack.dir,
      env: {
        ...process.env,
        PULUMI_BACKEND_URL: `file://${backendDir}`,
        PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      },
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
  },
);
