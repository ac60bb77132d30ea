import { describe, expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { bootLinux, hasMemTotal } from "../support/linux-guest.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { confirmedByAgent } from "../support/texts.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

/** Whoever answers before an attach is the one to ask afterwards: a guest that just booted needs a moment. */
function balloonReports(name: string): Promise<unknown> {
  return waitUntil("the balloon's statistics", async () =>
    (await lab().virsh("dommemstat", name)).includes("available "),
  );
}

describe("an update ends when the guest has the memory", () => {
  test("online by itself, by the word of its agent; and a DIMM that it refuses fails the update", async () => {
    const { stack, console, atBoot, pid } = await bootLinux(lab(), "online", "memhp_default_state=online", {
      hotplug: { awaitGuest: 30 },
    });
    await agentAnswers(lab(), "online");

    stack.edit("online", { memory: "768MiB" });
    const { stdout } = await stack.apply();
    expect(stdout).toContain(confirmedByAgent("attached 256 MiB in slot 0", "768 MiB"));
    await hasMemTotal(console, atBoot + 256 * MIB);
    expect(await stack.outputsOf("online")).toMatchObject({
      guestMemory: "768MiB",
      guestMemoryFrom: "agent",
    });
    await stack.expectSettled();

    // At an address that is no multiple of the guest's blocks: QEMU takes it, Linux does not.
    const misplaced = ["sed", "s/slot=.1./& base='0x144000000'/"];
    stack.edit("online", {
      memory: "1GiB",
      hotplug: { awaitGuest: 3, before: { command: misplaced } },
    });
    const refused = await stack.up();
    expect(refused.ok).toBe(false);
    expect(refused.errors.join()).toContain(
      "the guest has no memory blocks for 256 MiB: it rejected that memory",
    );
    expect(await liveMemory(lab(), "online")).toMatchObject({ memory: 1024 * MIB });
    expect(console.memTotalKib()).toBe(atBoot + 256 * MIB);
    expect(await stack.outputsOf("online")).toMatchObject({ liveMemory: "1024MiB", guestMemory: "768MiB" });
    expect(lab().qemuPid("online")).toBe(pid);
  });

  test("online by itself, by the word of its balloon where it has no agent", async () => {
    const { stack, console, atBoot } = await bootLinux(
      lab(),
      "balloon",
      "memhp_default_state=online lab.noagent",
      {
        hotplug: { awaitGuest: 30 },
      },
    );
    await balloonReports("balloon");
    stack.edit("balloon", { memory: "1GiB" });
    await stack.apply();
    const guestMemory = `${Math.floor((atBoot + 512 * MIB) / MIB)}MiB`;
    expect(await stack.outputsOf("balloon")).toMatchObject({ guestMemory, guestMemoryFrom: "balloon" });
    await hasMemTotal(console, atBoot + 512 * MIB);
    await stack.expectSettled();
  });

  test("brought online by the agent where it stays offline, now or by a later update, or left so where that is wanted", async () => {
    const { stack, console, atBoot } = await bootLinux(lab(), "offline", "memhp_default_state=offline", {
      balloon: false,
      hotplug: { awaitGuest: 30 },
    });
    await agentAnswers(lab(), "offline");
    stack.edit("offline", { memory: "768MiB" });
    await stack.apply();
    await hasMemTotal(console, atBoot + 256 * MIB);

    stack.edit("offline", { memory: "1GiB", hotplug: { awaitGuest: 3, online: "guest" } });
    const failed = await stack.up();
    expect(failed.ok).toBe(false);
    expect(failed.errors.join()).toContain(
      "the guest has 768 MiB, 256 MiB less than it should have: 2 new memory blocks of 128 MiB are offline",
    );
    expect(await stack.outputsOf("offline")).toMatchObject({ liveMemory: "1024MiB", guestMemory: "768MiB" });
    expect(await nextBootMemory(lab(), "offline")).toMatchObject({ memory: 1024 * MIB, devices: [] });
    expect(console.memTotalKib()).toBe(atBoot + 256 * MIB);

    const devices = (await liveMemory(lab(), "offline")).devices;
    stack.edit("offline", { hotplug: { awaitGuest: 30 } });
    await stack.apply();
    expect((await liveMemory(lab(), "offline")).devices).toEqual(devices);
    await hasMemTotal(console, atBoot + 512 * MIB);
    expect(await stack.outputsOf("offline")).toMatchObject({ guestMemory: "1024MiB" });

    stack.edit("offline", { memory: "1280MiB", hotplug: { awaitGuest: 30, online: "none" } });
    await stack.apply();
    await console.waitFor(/ online=8 offline=2 /);
    expect(console.memTotalKib()).toBe(atBoot + 512 * MIB);
    expect(await stack.outputsOf("offline")).toMatchObject({
      liveMemory: "1280MiB",
      guestMemory: "1024MiB",
      guestMemoryFrom: "agent",
    });
    await stack.expectSettled();
  });

  test("not at all, where it stays offline and there is no agent: an error, until the program stops asking", async () => {
    const { stack, console, atBoot } = await bootLinux(
      lab(),
      "stuck",
      "memhp_default_state=offline lab.noagent",
      {
        hotplug: { awaitGuest: 5 },
      },
    );
    await balloonReports("stuck");
    stack.edit("stuck", { memory: "768MiB" });
    const failed = await stack.up();
    expect(failed.ok).toBe(false);
    expect(failed.errors.join()).toContain(`its balloon driver reports ${Math.floor(atBoot / MIB)} MiB`);
    await console.waitFor(/ online=4 offline=2 /);

    await stack.refresh();
    const preview = await stack.preview();
    expect(preview.stdout).toContain("waiting again for the guest: it lacks 256 MiB of the attached memory");
    expect(preview.steps.map(({ op }) => op)).toContain("update");

    stack.edit("stuck", { hotplug: { awaitGuest: false } });
    await stack.apply();
    await stack.expectSettled();
  });
});

test("a guest that hangs fails the update, and the next one goes on when it has been reset", async () => {
  // What QEMU's monitor calls an NMI makes this kernel panic: it halts, with its agent's channel still connected.
  const { stack, console, atBoot, pid } = await bootLinux(
    lab(),
    "hung",
    "memhp_default_state=online unknown_nmi_panic",
    {
      hotplug: { awaitGuest: 30, online: "guest" },
    },
  );
  await agentAnswers(lab(), "hung");

  // After the guest has been asked what it has, and before the attach.
  const hangs = ["sh", "-c", 'exec virsh --quiet --connect "$HOTPLUG_URI" inject-nmi "$HOTPLUG_DOMAIN"'];
  const hotplug = { awaitGuest: 3, online: "guest" } as const;
  stack.edit("hung", { memory: "768MiB", hotplug: { ...hotplug, before: { command: hangs } } });
  const failed = await stack.up();
  expect(failed.ok).toBe(false);
  expect(failed.errors.join()).toContain("the guest agent stopped responding");
  await console.waitFor(/Kernel panic - not syncing: NMI/);
  expect(await liveMemory(lab(), "hung")).toMatchObject({ memory: 768 * MIB });
  expect(await stack.outputsOf("hung")).toMatchObject({ liveMemory: "768MiB", guestMemory: "512MiB" });

  const told = console.text().length;
  await lab().virsh("reset", "hung");
  await console.waitFor(/ online=6 offline=0 /, { after: told });
  await agentAnswers(lab(), "hung");
  stack.edit("hung", { hotplug: { ...hotplug, awaitGuest: 30 } });
  const { stdout } = await stack.apply();
  expect(stdout).toContain(confirmedByAgent("attached earlier", "768 MiB"));
  expect(console.memTotalKib()).toBe(atBoot + 256 * MIB);
  expect(lab().qemuPid("hung")).toBe(pid);
  await stack.expectSettled();
});

test("a guest that nobody can ask, with no operating system, gets a warning and no wait", async () => {
  const stack = await stackOnLab(lab(), {
    empty: { ...BARE, agent: true, balloon: true, hotplug: { awaitGuest: 60 } },
  });
  await stack.apply();
  stack.edit("empty", { memory: "512MiB" });
  const { stdout } = await stack.apply();
  expect(stdout).toContain(
    "attached 256 MiB in slot 0; couldn't confirm with the guest: no guest agent and no balloon statistics",
  );
  expect(await stack.outputsOf("empty")).not.toHaveProperty("guestMemory");
  await stack.expectSettled();
});
