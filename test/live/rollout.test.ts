import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { engineOnThisMachine } from "../engine/find-engine.ts";
import type { Lab } from "../lab/lab.ts";
import { copyProgram } from "../package/linked-program.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE } from "../support/stack-on-lab.ts";

const engine = await engineOnThisMachine();

const [a, b] = [labOfThisFile({ keepDomains: true }), labOfThisFile({ keepDomains: true })];

const CATALOGUE = `step: 128MiB
ceiling: 2GiB
sizes:
  small: { memory: 256MiB }
  medium: { memory: 512MiB }
  large: { memory: 768MiB }
`;

/** The example in a folder of its own, with a stack for each host. */
function rollout(command: string, folder: string) {
  const project = join(folder, "rollout");
  copyProgram("examples/rollout", project);
  writeFileSync(join(project, "catalogue.yaml"), CATALOGUE);
  mkdirSync(join(folder, "state"));
  const env = {
    ...process.env,
    PATH: [dirname(process.execPath), dirname(command), process.env.PATH].join(delimiter),
    PULUMI_BACKEND_URL: `file://${folder}/state`,
    PULUMI_CONFIG_PASSPHRASE: "only for tests",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  return {
    configure: (stack: string, lab: Lab, vms: Record<string, string>, domain: object, config: object = {}) =>
      writeFileSync(
        join(project, `Pulumi.${stack}.yaml`),
        stringify({
          config: {
            "libvirt:uri": lab.uri,
            "libvirt-hotplug:domainType": "qemu",
            "rollout:vms": vms,
            "rollout:domain": domain,
            ...config,
          },
        }),
      ),
    run: (...args: string[]) =>
      ended(spawn(process.execPath, ["rollout.mts", ...args], { cwd: project, env })),
    /** Gets a SIGINT, not from a terminal, when its first wave begins. */
    interrupt: (...args: string[]) => {
      const child = spawn(process.execPath, ["rollout.mts", ...args], { cwd: project, env });
      child.stdout.on("data", (data) => {
        if (String(data).includes("at once\n")) child.kill("SIGINT");
      });
      return ended(child);
    },
  };
}

async function ended(child: ChildProcessWithoutNullStreams) {
  const [out, error, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once("close", resolve)),
  ]);
  return { code, out, error };
}

test.skipIf(engine.kind === "small")(
  "VMs of two hosts grow in waves, a guest that refuses stops the rest, and the next run continues",
  { timeout: 1_500_000 },
  async () => {
    if (engine.kind === "small") return;
    const { configure, run, interrupt } = rollout(
      engine.command.command,
      mkdtempSync(join(a().dir, "rollout-")),
    );
    const { memory: _, maxMemory: __, ...bare } = BARE;
    const { kernel, initrd } = b().guest;
    const commandLine = "console=ttyS0 quiet memhp_default_state=offline";
    const linux = { shutdownTimeout: 0, boot: { kernel, initrd, commandLine } };
    const onA = (size: string) => configure("a", a(), { "web-1": size, "web-2": size, "web-3": size }, bare);
    const onB = (size: string, online: string) =>
      configure("b", b(), { "db-1": size }, linux, {
        "libvirt-hotplug:awaitGuest": 20,
        "libvirt-hotplug:online": online,
      });

    onA("small");
    onB("medium", "guest");
    expect(await run("--share", "0", "a")).toEqual({
      code: 2,
      out: "",
      error: 'rollout: --share "0" is not a whole number from 1 to 100\n',
    });
    expect(await run("a", "c")).toEqual({ code: 2, out: "", error: "rollout: no stack named 'c' found\n" });
    const created = await run("--at-once", "4", "a", "b");
    expect(created).toMatchObject({ code: 0, error: "" });
    expect(created.out).toContain("4 VMs in 2 stacks: 4 change, 4 of them now, 4 at once\n");
    expect(created.out).toContain("4 done, 0 failed, 0 left\n");
    const pids = () => [...["web-1", "web-2", "web-3"].map((name) => a().qemuPid(name)), b().qemuPid("db-1")];
    const before = pids();

    // A review that fails changes nothing: the base memory of a running VM doesn't shrink.
    onB("small", "guest");
    const refused = await run("a", "b");
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/^b {2}db-1 {2}replace: 512 → 256 MiB/m);
    expect(refused.out).toContain("nothing was changed\n");

    // A guest that brings no memory online by itself, and isn't asked to, stops the rollout.
    onA("medium");
    onB("large", "guest");
    const stopped = await run("--at-once", "2", "--share", "75", "a", "b");
    expect(stopped.code).toBe(1);
    expect(stopped.out).toContain("4 VMs in 2 stacks: 4 change, 3 of them now, 2 at once\n");
    expect(stopped.out).toMatch(/^a {2}web-1 {2}done {2}[\d.]+ s {2}live: 256 → 512 MiB/m);
    expect(stopped.out).toMatch(/^b {2}db-1 {2}FAILED {2}/m);
    expect(stopped.out).toMatch(/^b {2}db-1 {2}Domain db-1 did not get all of its memory: /m);
    expect(stopped.out).toContain("1 done, 1 failed, 2 left; run the same command again to continue\n");
    expect(stopped.out).not.toContain("web-2  done");

    // Once the guest is asked, the same command continues where the first one stopped.
    onB("large", "agent");
    const interrupted = await interrupt("--at-once", "1", "a", "b");
    expect(interrupted.code).toBe(130);
    expect(interrupted.out).toMatch(/^a {2}web-2 {2}done {2}/m);
    expect(interrupted.out).toContain("1 done, 0 failed, 2 left; run the same command again to continue\n");
    const rest = await run("--at-once", "2", "a", "b");
    expect(rest.out).not.toMatch(/web-[12] {2}done/);
    expect(rest.out).toMatch(/^b {2}db-1 {2}done {2}/m);
    expect(rest).toMatchObject({ code: 0, error: "" });
    expect(rest.out).toContain("2 done, 0 failed, 0 left\n");
    expect(pids()).toEqual(before);
  },
);
