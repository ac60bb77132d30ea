import { afterEach, expect, test } from "vitest";
import { onEachEngine } from "../support/engines.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { rpcProxy } from "../support/rpc-proxy.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory } from "../support/virsh.ts";

const FLEET = ["a", "b", "c", "d"];

const lab = labOfThisFile();
afterEach(() => lab().restartDaemon());

onEachEngine((on) => {
  test("the daemon is stopped: previews come from the state and say so, refresh is an error, and nothing is lost", async () => {
    const stack = await stackOnLab(lab(), Object.fromEntries(FLEET.map((name) => [name, BARE])), { on });
    await stack.apply();
    const pids = FLEET.map((name) => lab().qemuPid(name));
    await lab().stopDaemon();

    const unchanged = await stack.apply({ expectNoChanges: true });
    expect(unchanged.changes).toEqual({ same: 1 + FLEET.length });

    const refreshed = await stack.refresh();
    expect(refreshed.ok).toBe(false);
    expect(refreshed.stdout).toContain("is libvirtd (or virtqemud) installed and running?");
    expect(refreshed.stdout).not.toContain("dist/provider");
    for (const name of FLEET) expect(await stack.outputsOf(name)).toMatchObject({ liveMemory: "256MiB" });

    for (const name of FLEET) stack.edit(name, { memory: "512MiB" });
    const preview = await stack.preview();
    expect(preview.errors).toEqual([]);
    expect(preview.changes).toEqual({ same: 1, update: FLEET.length });
    for (const name of FLEET) {
      const row = preview.stdout.split("\n").find((line) => line.includes(` ${name} update`));
      expect(row).toContain("live: 256 → 512 MiB, one 256 MiB DIMM in slot 0");
      expect(said(preview, name)).toContain("planned from the state");
    }

    const failed = await stack.up({ continueOnError: true });
    expect(failed.ok).toBe(false);
    expect(failed.stdout).toContain("is libvirtd (or virtqemud) installed and running?");
    expect(await stack.outputsOf("a")).toMatchObject({ memory: "256MiB", liveMemory: "256MiB" });

    await lab().startDaemon();
    await stack.apply();
    for (const name of FLEET) expect(await liveMemory(lab(), name)).toMatchObject({ memory: 512 * MIB });
    await stack.expectSettled();
    expect(FLEET.map((name) => lab().qemuPid(name))).toEqual(pids);
  });
});

test("a daemon that accepts and says nothing is asked once by a preview, and named by up", async () => {
  const proxy = await rpcProxy(lab(), "silent");
  const domains = FLEET.map((name) => [name, { ...BARE, uri: proxy.uri }]);
  const stack = await stackOnLab(lab(), Object.fromEntries(domains));
  await stack.apply();
  for (const name of FLEET) stack.edit(name, { memory: "512MiB" });

  proxy.fallSilent();
  const preview = await stack.preview();
  expect(preview.errors).toEqual([]);
  expect(preview.changes).toEqual({ same: 1, update: FLEET.length });
  expect(preview.stdout).toContain("no answer within 2 s");
  expect(proxy.connections).toBe(1);

  const failed = await stack.up({ continueOnError: true });
  expect(failed.ok).toBe(false);
  expect(failed.stdout).toMatch(/cannot connect to the libvirt daemon at \S+silent.sock: no answer within/);
  // The look and the work share one attempt.
  expect(proxy.connections).toBe(2);

  proxy.restore();
  await stack.apply();
  await stack.expectSettled();
});
