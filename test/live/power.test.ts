// A domain that migrates, or that another job holds, isn't among these: there is no second host here to migrate to,
// and libvirt itself lets a call wait half a minute for a job's end before it refuses it.
import { expect, test } from "vitest";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { notShutDown } from "../support/texts.ts";
import { editByHand, liveMemory, nextBootMemory, powerState } from "../support/virsh.ts";

const lab = labOfThisFile();

test("a domain that is off is redefined to any size, a paused one gets its DIMM, one that was shut down starts with it", async () => {
  const stack = await stackOnLab(lab(), {
    off: { ...BARE, running: false },
    paused: BARE,
    gone: BARE,
  });
  await stack.apply();
  expect(await powerState(lab(), "off")).toBe("shut off");
  await editByHand(lab(), "off", (xml) => xml.replace("<vcpu", "<title>by hand</title>\n  <vcpu"));
  const paused = lab().qemuPid("paused");
  await lab().virsh("suspend", "paused");

  stack.edit("off", { memory: "300MiB" });
  stack.edit("paused", { memory: "512MiB" });
  stack.edit("gone", { memory: "512MiB" });
  const preview = await stack.preview();
  expect(preview.changes).toEqual({ same: 1, update: 3 });
  expect(said(preview, "off")).toContain("info: live: 256 → 300 MiB in the definition (the domain is off)");
  expect(said(preview, "paused")).toMatch(
    /^info: live: 256 → 512 MiB, .* no restart\n.*the domain is paused: the guest sees the memory and can confirm it once the domain resumes$/ms,
  );
  expect(said(preview, "gone")).toMatch(/^info: live: 256 → 512 MiB, .* no restart$/m);

  // Somebody is quicker than up: what was to be plugged is defined, and the domain is started with it.
  await lab().virsh("destroy", "gone");
  const up = await stack.apply();
  expect(up.changes).toEqual({ same: 1, update: 3 });
  expect(said(up, "gone")).toMatch(
    /^info: live: 256 → 512 MiB in the definition \(the domain is off\)\n.*^live: start the domain, which is off$/ms,
  );
  expect(await powerState(lab(), "gone")).toBe("running");
  expect(await liveMemory(lab(), "gone")).toMatchObject({ cells: [512 * MIB], devices: [] });

  expect(await powerState(lab(), "off")).toBe("shut off");
  expect(await nextBootMemory(lab(), "off")).toMatchObject({ cells: [300 * MIB], devices: [] });
  expect(await lab().virsh("dumpxml", "off")).toContain("<title>by hand</title>");
  const { liveMemory: none, ...offOutputs } = await stack.outputsOf("off");
  expect(none).toBeUndefined();
  expect(offOutputs).toMatchObject({ state: "shutoff", nextBootMemory: "300MiB" });

  expect(await powerState(lab(), "paused")).toBe("paused");
  expect(await liveMemory(lab(), "paused")).toMatchObject({
    memory: 512 * MIB,
    devices: [{ alias: "ua-pulumi-dimm0", size: 256 * MIB, slot: 0 }],
  });
  expect(await nextBootMemory(lab(), "paused")).toMatchObject({ cells: [512 * MIB], devices: [] });
  await stack.expectSettled();
  expect(lab().qemuPid("paused")).toBe(paused);
  await lab().virsh("resume", "paused");
  expect((await stack.refresh()).errors).toEqual([]);
  expect(await stack.outputsOf("paused")).toMatchObject({ state: "running" });
});

test("running: false and true: with a size that changes at the same time, and with a guest that doesn't answer", async () => {
  const stack = await stackOnLab(lab(), {
    stopped: { ...BARE, forceOff: true },
    deaf: BARE,
    started: { ...BARE, running: false },
  });
  await stack.apply();
  const deaf = lab().qemuPid("deaf");

  stack.edit("stopped", { running: false, memory: "300MiB" });
  stack.edit("started", { running: true, memory: "300MiB" });
  const both = await stack.apply();
  expect(said(both, "stopped")).toMatch(
    /^warning: restart: shut the domain down \(running: false\); memory in the definition\nlive: 256 → 300 MiB in the definition \(once the domain is off\)$/m,
  );
  expect(said(both, "started")).toMatch(
    /^info: live: 256 → 300 MiB in the definition \(the domain is off\)\n.*^live: start the domain, which is off$/ms,
  );
  expect(both.changes).toEqual({ same: 2, update: 2 });
  expect(await powerState(lab(), "stopped")).toBe("shut off");
  expect(await nextBootMemory(lab(), "stopped")).toMatchObject({ cells: [300 * MIB] });
  expect(await liveMemory(lab(), "started")).toMatchObject({ cells: [300 * MIB] });
  await stack.expectSettled();

  stack.edit("stopped", { running: true });
  stack.edit("deaf", { running: false });
  const silent = await stack.up({ continueOnError: true });
  expect(silent.ok).toBe(false);
  expect(said(silent, "deaf")).toContain(notShutDown(0));
  expect(lab().qemuPid("deaf")).toBe(deaf);
  expect(await powerState(lab(), "deaf")).toBe("running");
  expect(await liveMemory(lab(), "stopped")).toMatchObject({ cells: [300 * MIB] });

  stack.edit("deaf", { running: true });
  await stack.apply();
  await stack.expectSettled();
  expect(lab().qemuPid("deaf")).toBe(deaf);
});

test("somebody shut it down: refresh shows it, and up starts it again", async () => {
  const stack = await stackOnLab(lab(), { dead: BARE, kept: BARE });
  await stack.apply();
  await lab().virsh("destroy", "dead");
  await lab().virsh("destroy", "kept");
  const refreshed = await stack.refresh();
  expect(refreshed.changes).toMatchObject({ update: 2 });
  expect(await stack.outputsOf("dead")).toMatchObject({ state: "shutoff" });
  stack.edit("kept", { running: false });
  const up = await stack.apply();
  expect(said(up, "dead")).toBe("info: live: start the domain, which is off");
  expect(await powerState(lab(), "dead")).toBe("running");
  expect(await powerState(lab(), "kept")).toBe("shut off");
  await stack.expectSettled();
});
