import { expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { bootLinux, hasMemTotal } from "../support/linux-guest.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { opOf } from "../support/stack-on-lab.ts";
import { confirmedByAgent } from "../support/texts.ts";

const lab = labOfThisFile();

test("memory that came offline is owed to a guest until it has it, whether its agent starts later or it reboots", async () => {
  const { stack, console, atBoot, pid } = await bootLinux(
    lab(),
    "later",
    "memhp_default_state=offline lab.agent_later",
    { hotplug: { awaitGuest: 5 } },
  );
  await waitUntil("the balloon's statistics", async () =>
    (await lab().virsh("dommemstat", "later")).includes("available "),
  );

  stack.edit("later", { memory: "768MiB" });
  const failed = await stack.up();
  expect(failed.ok).toBe(false);
  expect(failed.errors.join()).toContain("256 MiB less than it should have: its balloon driver reports");
  await agentAnswers(lab(), "later");
  const owed = await stack.preview();
  expect(owed.stdout).toContain("waiting again for the guest: it lacks 256 MiB of the attached memory");
  const { stdout } = await stack.apply();
  expect(stdout).toContain(confirmedByAgent("attached earlier", "768 MiB"));
  await hasMemTotal(console, atBoot + 256 * MIB);
  await stack.expectSettled();
  const { __guest: record } = (await stack.outputsOf("later")) as { __guest?: { reserved?: number } };
  expect(Math.abs((record?.reserved ?? 0) - (512 * MIB - atBoot))).toBeLessThan(MIB);

  const reset = async (blocks: RegExp) => {
    const after = console.text().length;
    await lab().virsh("reset", "later");
    await console.waitFor(blocks, { after, timeoutMs: 120_000 });
    await agentAnswers(lab(), "later");
  };

  await reset(/ online=4 offline=2 /);
  const refreshed = await stack.refresh();
  expect(refreshed.stdout).toContain(
    "the guest lacks 256 MiB of its attached memory: 2 memory blocks are offline; the next update waits for it: the guest agent is asked to bring it online",
  );
  expect(await stack.outputsOf("later")).toMatchObject({ liveMemory: "768MiB", guestMemory: "512MiB" });
  const preview = await stack.preview();
  expect(opOf(preview, "later")).toBe("update");
  expect(preview.stdout).toContain("waiting again for the guest: it lacks 256 MiB of the attached memory");
  await stack.apply();
  await hasMemTotal(console, atBoot + 256 * MIB);
  expect(await stack.outputsOf("later")).toMatchObject({ guestMemory: "768MiB" });
  await stack.expectSettled();

  await reset(/ online=4 offline=2 /);
  stack.edit("later", { memory: "1GiB" });
  const grown = await stack.apply();
  expect(grown.stdout).toContain(confirmedByAgent("attached 256 MiB in slot 1", "1 GiB"));
  await hasMemTotal(console, atBoot + 512 * MIB);
  await stack.expectSettled();
  expect(lab().qemuPid("later")).toBe(pid);
});

test("a guest that brings memory online by itself lacks nothing after a reset, as its balloon driver reports; and a decrease right after a growth is judged by a new report", async () => {
  const { stack, console, atBoot, pid } = await bootLinux(
    lab(),
    "self",
    "memhp_default_state=online_movable lab.noagent",
    { hotplug: { awaitGuest: 30, allowUnplug: true } },
  );
  const reports = (kib: number) =>
    waitUntil(`the balloon's report of ${kib} KiB`, async () =>
      (await lab().virsh("dommemstat", "self")).includes(`available ${kib}`),
    );
  await reports(atBoot);
  stack.edit("self", { memory: "768MiB" });
  await stack.apply();
  const { __guest: before } = await stack.outputsOf("self");
  expect(before).toMatchObject({ reserved: 512 * MIB - atBoot });

  const after = console.text().length;
  await lab().virsh("reset", "self");
  await console.waitFor(/ online=6 offline=0 /, { after, timeoutMs: 120_000 });
  await reports(console.memTotalKib() ?? 0);
  const { stdout } = await stack.refresh();
  expect(stdout).not.toContain("lacks");
  await stack.expectSettled();

  // Less than is to be removed is available before the growth.
  stack.edit("self", { memory: "1536MiB" });
  await stack.apply();
  stack.edit("self", { memory: "768MiB" });
  await stack.apply();
  await hasMemTotal(console, atBoot + 256 * MIB);
  await stack.expectSettled();
  expect(lab().qemuPid("self")).toBe(pid);
});
