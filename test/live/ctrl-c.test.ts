import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { PASSPHRASE } from "../engine/pulumi-cli.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { ENGINE } from "../support/engines.ts";
import { bootLinux } from "../support/linux-guest.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { powerState, words } from "../support/virsh.ts";

const lab = labOfThisFile();

/** The tests' small engine has no Ctrl-C. */
const NO_CLI = "there is no Pulumi CLI";
/** In ms, on a busy machine: what is ended would go on for a minute or two. */
const AT_ONCE = 5000;
const on = { ...ENGINE, host: "plugin" } as const;

/** A `pulumi up` in a process group of its own, which gets signals as from a terminal. */
function upInTerminal({ dir }: StackOnLab) {
  const cli = spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "dev"], {
    cwd: dir,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      PULUMI_BACKEND_URL: `file://${join(dir, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
    },
  });
  const { pid } = cli;
  if (pid === undefined) throw new Error("pulumi doesn't start");
  let output = "";
  for (const stream of [cli.stdout, cli.stderr])
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  const exited = once(cli, "exit").then(([code]) => code as number);
  return {
    exited,
    output: () => output,
    shows: (text: string) =>
      waitUntil(text, () => output.includes(text), { timeoutMs: 60_000, seen: () => output }),
    ctrlC: () => process.kill(-pid, "SIGINT"),
  };
}

/** Processes whose working directory is the program's: the CLI, the hosts of languages, and plugins. */
function processesIn({ dir }: StackOnLab): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === dir;
    } catch {
      return false;
    }
  });
}

async function noProcessIn(stack: StackOnLab): Promise<void> {
  await waitUntil("the end of all processes", () => processesIn(stack).length === 0, { timeoutMs: 2000 });
}

test("one Ctrl-C ends the wait for the guest, which is recorded, and the next up continues", async ({
  skip,
}) => {
  if (ENGINE.engine !== "pulumi") skip(NO_CLI);
  const hotplug = { awaitGuest: 120, online: "guest" } as const;
  const { stack } = await bootLinux(lab(), "guest", "memhp_default_state=offline", { hotplug }, { on });
  stack.edit("guest", { memory: "768MiB" });
  const up = upInTerminal(stack);
  await up.shows("waiting for the guest");
  const before = performance.now();
  up.ctrlC();
  expect(await up.exited).toBe(1);
  expect(performance.now() - before).toBeLessThan(AT_ONCE);
  expect(up.output()).toContain("cancelled while waiting for the guest (already done: attach a 256 MiB DIMM");
  await noProcessIn(stack);
  expect(await stack.stateText()).toContain("the next update continues");

  stack.edit("guest", { hotplug: { awaitGuest: 120, online: "agent" } });
  await stack.apply();
  expect(await stack.outputsOf("guest")).toMatchObject({ liveMemory: "768MiB", guestMemory: "768MiB" });
  await stack.expectSettled();
});

test("a second Ctrl-C ends an update that has to finish a restart, and the next up does it", async ({
  skip,
}) => {
  if (ENGINE.engine !== "pulumi") skip(NO_CLI);
  // It boots nothing that could shut down.
  const args = {
    ...BARE,
    shutdownTimeout: 60,
    forceOff: true,
    hotplug: { whenNotPossible: "restart" },
  } as const;
  const stack = await stackOnLab(lab(), { web: args }, { on });
  await stack.apply();
  stack.edit("web", { memory: "300MiB" });
  const up = upInTerminal(stack);
  await up.shows("shut the guest down");
  up.ctrlC();
  await delay(1000);
  expect(up.output()).not.toContain("Duration:");
  const before = performance.now();
  up.ctrlC();
  expect(await up.exited).toBe(8);
  expect(performance.now() - before).toBeLessThan(AT_ONCE);
  await noProcessIn(stack);
  expect(await powerState(lab(), "web")).toBe("running");

  stack.edit("web", { shutdownTimeout: 1 });
  await stack.apply();
  expect(await stack.outputsOf("web")).toMatchObject({ liveMemory: "300MiB" });
  expect(words(await lab().virsh("list", "--all", "--name"))).toEqual(["web"]);
  await stack.expectSettled();
});
