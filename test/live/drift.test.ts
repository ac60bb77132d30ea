import { expect, test } from "vitest";
import { onEachEngine } from "../support/engines.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { PROCEDURE, rpcProxy } from "../support/rpc-proxy.ts";
import { BARE, opOf, said, stackOnLab } from "../support/stack-on-lab.ts";
import { attachByHand, editByHand, liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

onEachEngine((on) => {
  test("what others did is seen by refresh, shown by the next preview, and repaired or classified by up", async () => {
    const stack = await stackOnLab(
      lab(),
      {
        plugged: { ...BARE, hotplug: { whenNotPossible: "error" } },
        shrunk: BARE,
        vcpus: { ...BARE, vcpus: 1 },
        stopped: BARE,
        gone: BARE,
        suspended: BARE,
      },
      { on },
    );
    await stack.apply();
    const pid = (name: string) => lab().qemuPid(name);
    const before = { shrunk: pid("shrunk"), vcpus: pid("vcpus"), suspended: pid("suspended") };

    await attachByHand(lab(), "plugged", 256);
    await editByHand(lab(), "shrunk", (xml) => xml.replaceAll("262144", "131072"));
    await lab().virsh("setvcpus", "vcpus", "2", "--config");
    await lab().virsh("destroy", "stopped");
    await lab().virsh("destroy", "gone");
    await lab().virsh("undefine", "gone");
    await lab().virsh("suspend", "suspended");

    const refreshed = await stack.refresh();
    expect(refreshed.errors).toEqual([]);
    expect(await stack.outputsOf("plugged")).toMatchObject({
      liveMemory: "512MiB",
      nextBootMemory: "256MiB",
      memoryDevices: [{ size: "256MiB", slot: 0 }],
    });
    expect(await stack.outputsOf("shrunk")).toMatchObject({ liveMemory: "256MiB", pendingMemory: "128MiB" });
    expect(await stack.outputsOf("stopped")).toMatchObject({ state: "shutoff" });
    expect(await stack.outputsOf("suspended")).toMatchObject({ state: "paused" });
    expect(await stack.find("gone")).toBeUndefined();

    const refused = await stack.preview({ diff: true, continueOnError: true });
    expect(refused.ok).toBe(false);
    expect(refused.stdout).toContain("512 → 256 MiB would remove more than this provider's DIMMs");

    // The program follows what was plugged by hand.
    stack.edit("plugged", { memory: "512MiB" });
    const preview = await stack.preview();
    const names = ["plugged", "shrunk", "vcpus", "stopped", "gone", "suspended"];
    expect(names.map((name) => opOf(preview, name))).toEqual([
      "update",
      "update",
      "update",
      "update",
      "create",
      "same",
    ]);
    expect(said(preview, "plugged")).toContain(
      "live: 256 → 512 MiB in the definition (the running domain already has it)",
    );
    expect(said(preview, "shrunk")).toContain(
      "live: 128 → 256 MiB in the definition (the running domain already has it)",
    );
    expect(said(preview, "vcpus")).toContain(
      "live: vCPUs 2 → 1 in the definition (the running domain already has it)",
    );
    expect(said(preview, "stopped")).toContain("start the domain, which is off");

    await stack.apply();
    expect(await liveMemory(lab(), "plugged")).toMatchObject({ memory: 512 * MIB, cells: [256 * MIB] });
    expect(await nextBootMemory(lab(), "plugged")).toMatchObject({ memory: 512 * MIB, devices: [] });
    expect(await nextBootMemory(lab(), "shrunk")).toMatchObject({ memory: 256 * MIB, cells: [256 * MIB] });
    expect(await lab().virsh("dumpxml", "vcpus", "--inactive")).toContain(
      "<vcpu placement='static' current='1'>4</vcpu>",
    );
    for (const name of ["stopped", "gone"]) expect(pid(name)).toBeTypeOf("number");
    expect((await lab().virsh("domstate", "suspended")).trim()).toBe("paused");
    expect({ shrunk: pid("shrunk"), vcpus: pid("vcpus"), suspended: pid("suspended") }).toEqual(before);
    await stack.expectSettled();
  });
});

test("a paused domain takes the memory, and the preview says when its guest sees it", async () => {
  const stack = await stackOnLab(lab(), { paused: BARE });
  await stack.apply();
  await lab().virsh("suspend", "paused");
  stack.edit("paused", { memory: "512MiB" });
  const up = await stack.apply();
  expect(said(up, "paused")).toContain(
    "the domain is paused: the guest sees the memory and can confirm it once the domain resumes",
  );
  expect(await liveMemory(lab(), "paused")).toMatchObject({ memory: 512 * MIB });
  await stack.expectSettled();
});

test("what is not refreshed is looked at: a live plan that others spoiled is refused, and nothing worse is done", async () => {
  const proxy = await rpcProxy(lab(), "between");
  const stack = await stackOnLab(lab(), {
    before: BARE,
    between: { ...BARE, uri: proxy.uri },
  });
  await stack.apply();
  const pids = [lab().qemuPid("before"), lab().qemuPid("between")];

  // Before the preview: the state says live, the domain says otherwise.
  await attachByHand(lab(), "before", 128);
  stack.edit("before", { memory: "512MiB" });
  const preview = await stack.preview();
  expect(preview.ok).toBe(false);
  expect(preview.stdout).toContain(
    "the domain changed since the state was recorded (planned: live, now: replace)",
  );
  expect(preview.stdout).toContain("refresh and preview again");

  // Between the look of up's own preview and its update: somebody takes the room, while the look is under way.
  stack.edit("before", { memory: "256MiB" });
  stack.drop("before");
  stack.edit("between", { memory: "512MiB" });
  await stack.preview();
  proxy.beforeCall(PROCEDURE.lookupByUuid, 2, () => attachByHand(lab(), "between", 128));
  const spoiled = await stack.up({ continueOnError: true });
  expect(spoiled.ok).toBe(false);
  expect(spoiled.stdout).toContain(
    "refused: the domain changed since the preview (planned: live, now: replace)",
  );
  expect(await liveMemory(lab(), "between")).toMatchObject({ memory: 384 * MIB });
  expect(await nextBootMemory(lab(), "between")).toMatchObject({ memory: 256 * MIB });
  expect(lab().qemuPid("between")).toBe(pids[1]);
});
