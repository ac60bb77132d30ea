import { describe, expect, test } from "vitest";
import { waitUntil } from "../lab/wait-until.ts";
import { bootLinux, hasMemTotal } from "../support/linux-guest.ts";
import { BOOT, labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, powerCycle } from "../support/virsh.ts";

const lab = labOfThisFile();

/** The virtio-mem devices of a definition as virsh prints them, in MiB. */
async function virtioMem(name: string, ...options: string[]) {
  const xml = await lab().virsh("dumpxml", name, ...options);
  const mib = (text: string, tag: string) => {
    const found = new RegExp(`<${tag} unit='KiB'>(\\d+)<`).exec(text)?.[1];
    return found === undefined ? undefined : Number(found) / MIB;
  };
  return [...xml.matchAll(/<memory model='virtio-mem'.*?<\/memory>/gs)].map(([device]) => ({
    alias: /<alias name='(.*?)'/.exec(device)?.[1],
    size: mib(device, "size"),
    requested: mib(device, "requested"),
    current: mib(device, "current"),
  }));
}

/** Runs a program in the guest to its end, by its agent. */
async function inGuest(name: string, ...args: string[]): Promise<void> {
  const ask = async (execute: string, given: object) =>
    JSON.parse(await lab().virsh("qemu-agent-command", name, JSON.stringify({ execute, arguments: given })))
      .return;
  const start = () => ask("guest-exec", { path: "/bin/busybox", arg: args }).catch(() => undefined);
  const { pid } = await waitUntil("the guest's agent", start, { timeoutMs: 60_000 });
  await waitUntil(`${args[0]} in the guest`, async () => (await ask("guest-exec-status", { pid })).exited, {
    timeoutMs: 60_000,
  });
}

describe("a guest with the driver virtio_mem", () => {
  test("grows and shrinks live, in steps of 2 MiB, and its next boot has the same", async () => {
    const { stack, console, atBoot, pid } = await bootLinux(
      lab(),
      "elastic",
      "memhp_default_state=online_movable",
      {
        agent: false,
        hotplug: { device: "virtio-mem", awaitGuest: 30 },
      },
    );

    stack.edit("elastic", { memory: "770MiB" });
    const { stdout } = await stack.apply();
    expect(stdout).toContain("grow virtio-mem on node 0 by 258 MiB to 258 of 3584 MiB");
    expect(stdout).toMatch(/guest resized: \d+ MiB, confirmed by the guest's balloon driver/);
    await console.waitFor(new RegExp(`memtotal_kb=${atBoot + 258 * MIB} `));
    const device = { alias: "ua-pulumi-vmem0", size: 3584, requested: 258 };
    expect(await virtioMem("elastic")).toEqual([{ ...device, current: 258 }]);
    expect(await virtioMem("elastic", "--inactive")).toEqual([{ ...device, current: undefined }]);
    expect(await stack.outputsOf("elastic")).toMatchObject({
      guestMemory: `${Math.floor((atBoot + 258 * MIB) / MIB)}MiB`,
    });
    await stack.expectSettled();

    stack.edit("elastic", { memory: "640MiB" });
    await stack.apply();
    await console.waitFor(new RegExp(`memtotal_kb=${atBoot + 128 * MIB} `));
    expect(await stack.outputsOf("elastic")).toMatchObject({
      liveMemory: "640MiB",
      nextBootMemory: "640MiB",
    });
    await stack.expectSettled();
    expect(lab().qemuPid("elastic")).toBe(pid);

    await powerCycle(lab(), "elastic");
    // QEMU truncates the console's file: this is the second boot.
    await console.waitFor(new RegExp(`GUEST booted.*memtotal_kb=${atBoot + 128 * MIB} `, "s"), BOOT);
    // The guest's word was about the start before.
    expect((await stack.refresh()).errors).toEqual([]);
    await stack.expectSettled();
  });

  test("brought online by its agent; gives back less where it is in use, and says how much", async () => {
    // Without the balloon's statistics nobody knows beforehand that it has no room for what is taken out.
    const { stack, console, atBoot } = await bootLinux(lab(), "used", "memhp_default_state=offline", {
      balloon: false,
      hotplug: { device: "virtio-mem", awaitGuest: 30 },
    });
    await inGuest("used", "mount", "-t", "tmpfs", "-o", "size=900m", "tmpfs", "/etc");
    stack.edit("used", { memory: "1GiB" });
    await stack.apply();
    await hasMemTotal(console, atBoot + 512 * MIB);

    await inGuest("used", "dd", "if=/dev/zero", "of=/etc/fill", "bs=1M", "count=560");
    stack.edit("used", { memory: "512MiB", hotplug: { device: "virtio-mem", awaitGuest: 6 } });
    const partial = await stack.up();
    expect(partial.ok).toBe(false);
    const [, has, back] =
      /virtio-mem on node 0 is at (\d+) MiB, requested 0 MiB: the guest released (\d+) MiB of 512 MiB/.exec(
        partial.errors.join(),
      ) ?? [];
    expect(Number(has) + Number(back)).toBe(512);
    expect(Number(has)).toBeGreaterThan(64);
    expect(await virtioMem("used")).toMatchObject([{ requested: 0, current: Number(has) }]);
    expect(await stack.outputsOf("used")).toMatchObject({
      liveMemory: "512MiB",
      nextBootMemory: "512MiB",
      memoryDevices: [{ requested: "0MiB", current: `${has}MiB` }],
    });
    const preview = await stack.preview();
    expect(preview.steps.map(({ op }) => op)).toContain("update");
    expect(preview.stdout).toContain("its virtio-mem size still differs from the requested size");

    stack.edit("used", { hotplug: { device: "virtio-mem", awaitGuest: false } });
    await stack.apply();
    expect(await virtioMem("used", "--inactive")).toMatchObject([{ requested: 0 }]);
  });
});

test("from DIMMs to virtio-mem by a restart; without a guest that has the driver nothing is taken, and that is said", async () => {
  const stack = await stackOnLab(lab(), {
    changed: { ...BARE, machine: "pc", memory: "512MiB", shutdownTimeout: 1, forceOff: true },
  });
  await stack.apply();
  stack.edit("changed", { memory: "768MiB" });
  await stack.apply();
  const pid = lab().qemuPid("changed");
  stack.edit("changed", { hotplug: { device: "virtio-mem", whenNotPossible: "restart" } });
  const { stdout } = await stack.apply();
  expect(stdout).toContain("the running domain was started without a virtio-mem device on node 0");
  expect(lab().qemuPid("changed")).not.toBe(pid);
  expect(await virtioMem("changed")).toMatchObject([{ size: 1280, requested: 0 }]);
  expect(await liveMemory(lab(), "changed")).toMatchObject({ cells: [768 * MIB] });
  await stack.expectSettled();

  const hotplug = { device: "virtio-mem", awaitGuest: 3, whenNotPossible: "restart" } as const;
  stack.edit("changed", { memory: "1GiB", hotplug });
  const failed = await stack.up();
  expect(failed.ok).toBe(false);
  expect(failed.errors.join()).toContain(
    "virtio-mem on node 0 is at 0 MiB, requested 256 MiB: the guest took no memory; it needs the virtio_mem driver",
  );
  expect(await virtioMem("changed", "--inactive")).toMatchObject([{ requested: 256 }]);
  stack.edit("changed", { hotplug: { ...hotplug, awaitGuest: false } });
  await stack.apply();
  await stack.expectSettled();
});
