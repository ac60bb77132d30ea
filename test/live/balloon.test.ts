import { expect, test } from "vitest";
import { waitUntil } from "../lab/wait-until.ts";
import { bootLinux, hasMemTotal, NO_BALLOON_DRIVER } from "../support/linux-guest.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { said } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

/** What is online as movable can be taken out again. */
const ONLINE = "memhp_default_state=online_movable";

test("a guest's balloon takes and gives back, alone and together with new memory", async () => {
  const {
    stack,
    console,
    atBoot: whole,
    pid,
  } = await bootLinux(lab(), "guest", `${ONLINE} lab.noagent`, {
    memory: "1GiB",
    hotplug: { awaitGuest: 30, allowUnplug: true },
  });
  await waitUntil("the balloon's statistics", async () =>
    (await lab().virsh("dommemstat", "guest")).includes("available "),
  );
  const has = (kib: number) => hasMemTotal(console, kib);

  stack.edit("guest", { currentMemory: "512MiB" });
  const deflated = await stack.apply();
  expect(said(deflated, "guest")).toContain("live: balloon target 1024 → 512 MiB, now and at the next boot");
  expect(deflated.stdout).toMatch(/balloon at .*, target 512 MiB/);
  await has(whole - 512 * MIB);
  expect(await liveMemory(lab(), "guest")).toMatchObject({ memory: 1024 * MIB, currentMemory: 512 * MIB });
  expect(await nextBootMemory(lab(), "guest")).toMatchObject({ currentMemory: 512 * MIB });
  expect(await stack.outputsOf("guest")).toMatchObject({
    guestMemory: `${Math.floor((whole - 512 * MIB) / MIB)}MiB`,
    guestMemoryFrom: "balloon",
  });
  await stack.expectSettled();

  // The DIMM raises what the balloon leaves, until it is set again.
  stack.edit("guest", { memory: "1280MiB", currentMemory: "600MiB" });
  const grown = await stack.apply();
  expect(grown.stdout).toContain("balloon target 768 → 600 MiB, once the guest has the new memory");
  expect(grown.stdout).toContain("attached 256 MiB in slot 0; confirmed by");
  await has(whole + 256 * MIB - 680 * MIB);
  expect(await liveMemory(lab(), "guest")).toMatchObject({ memory: 1280 * MIB, currentMemory: 600 * MIB });
  expect(await nextBootMemory(lab(), "guest")).toMatchObject({
    ...{ memory: 1280 * MIB, currentMemory: 600 * MIB, devices: [] },
  });
  await stack.expectSettled();

  // And a DIMM that goes takes its size with it, so that the balloon gives back first.
  stack.edit("guest", { memory: "1GiB" });
  const shrunk = await stack.apply();
  expect(shrunk.stdout).toContain("balloon target 600 → 856 MiB before the removal, so that 600 MiB remain");
  await has(whole - 424 * MIB);
  expect(await liveMemory(lab(), "guest")).toMatchObject({ memory: 1024 * MIB, currentMemory: 600 * MIB });

  stack.edit("guest", { currentMemory: undefined });
  await stack.apply();
  await has(whole);
  expect(await liveMemory(lab(), "guest")).toMatchObject({ currentMemory: 1024 * MIB });
  expect(await nextBootMemory(lab(), "guest")).toMatchObject({ currentMemory: 1024 * MIB });

  // Nobody's balloon is touched where the program names none.
  await lab().virsh("setmem", "guest", String(900 * MIB), "--live");
  await has(whole - 124 * MIB);
  await stack.expectSettled();
  expect(lab().qemuPid("guest")).toBe(pid);
});

test("a guest without a driver for its balloon fails the update, until the program gives up", async () => {
  const { stack, console } = await bootLinux(lab(), "stiff", `${ONLINE} ${NO_BALLOON_DRIVER}`, {
    memory: "1GiB",
    hotplug: { awaitGuest: 3 },
  });
  const whole = console.memTotalKib();
  stack.edit("stiff", { currentMemory: "512MiB" });
  const failed = await stack.up();
  expect(failed.ok).toBe(false);
  expect(failed.errors.join()).toContain(
    "balloon still at 1 GiB (target 512 MiB) after 3 s (hotplug.awaitGuest) and hasn't moved: the guest has no balloon driver",
  );
  expect(await liveMemory(lab(), "stiff")).toMatchObject({ currentMemory: 1024 * MIB });
  expect(await nextBootMemory(lab(), "stiff")).toMatchObject({ currentMemory: 512 * MIB });
  expect(console.memTotalKib()).toBe(whole);

  stack.edit("stiff", { currentMemory: undefined });
  await stack.apply();
  expect(await nextBootMemory(lab(), "stiff")).toMatchObject({ currentMemory: 1024 * MIB });
  await stack.expectSettled();
});

test("a domain created with less than its memory has that once its guest has booted", async () => {
  const { stack, console } = await bootLinux(lab(), "small", ONLINE, {
    memory: "1GiB",
    currentMemory: "512MiB",
  });
  await waitUntil("the balloon", async () => (await liveMemory(lab(), "small")).currentMemory === 512 * MIB);
  await waitUntil("the guest to have less", () => (console.memTotalKib() ?? Infinity) < 512 * MIB);
  // What the state has of it is what libvirt told the balloon at start; from here on it is what there is.
  expect((await stack.up({ expectNoChanges: true })).errors).toEqual([]);
  await stack.refresh();
  await stack.expectSettled();
});
