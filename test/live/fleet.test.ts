import { expect, test } from "vitest";
import { waitUntil } from "../lab/wait-until.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { PROCEDURE, rpcProxy } from "../support/rpc-proxy.ts";
import { BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, memoryOfAll } from "../support/virsh.ts";

const HEALTHY = ["h1", "h2", "h3", "h4", "h5"];

const lab = labOfThisFile();

test("a domain whose QEMU hangs fails alone, and the next up finishes it", async () => {
  const proxy = await rpcProxy(lab(), "sick");
  const stack = await stackOnLab(lab(), {
    sick: { ...BARE, uri: proxy.uri },
    ...Object.fromEntries(HEALTHY.map((name) => [name, BARE])),
  });
  await stack.apply();
  const all = ["sick", ...HEALTHY];
  const pids = all.map((name) => lab().qemuPid(name));
  for (const name of all) stack.edit(name, { memory: "512MiB" });

  const sick = lab().qemuPid("sick") ?? 0;
  process.kill(sick, "SIGSTOP");
  try {
    const running = stack.up({ continueOnError: true });
    await waitUntil("the healthy ones to be done while the sick one is attached to", async () => {
      const memory = await memoryOfAll(lab(), HEALTHY);
      return (
        proxy.calls.includes(PROCEDURE.attach) &&
        memory.every(({ nextBoot }) => nextBoot.memory === 512 * MIB)
      );
    });
    // In place of the call's own time-out, which is two minutes.
    proxy.cut();
    const result = await running;
    expect(result.ok).toBe(false);
    expect(result.changes).toEqual({ same: 1, update: HEALTHY.length });
    expect(result.stdout).toContain("Unable to attach a 256 MiB DIMM in slot 0, node 0");
  } finally {
    process.kill(sick, "SIGCONT");
  }
  for (const name of HEALTHY) expect(await stack.outputsOf(name)).toMatchObject({ liveMemory: "512MiB" });
  expect(await stack.outputsOf("sick")).toMatchObject({ liveMemory: "256MiB" });

  // libvirt still does what it was asked to before the connection went.
  await waitUntil("libvirt's attach", async () => (await liveMemory(lab(), "sick")).memory === 512 * MIB);
  proxy.restore();
  await stack.apply();
  for (const { live, nextBoot } of await memoryOfAll(lab(), all)) {
    expect(live).toMatchObject({ memory: 512 * MIB, cells: [256 * MIB], devices: [{ slot: 0 }] });
    expect(nextBoot).toMatchObject({ memory: 512 * MIB, devices: [] });
  }
  await stack.expectSettled();
  expect(all.map((name) => lab().qemuPid(name))).toEqual(pids);
});
