import { expect, test } from "vitest";
import { onEachEngine } from "../support/engines.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { defineByHand, editByHand, liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

test("growth right up to maxMemory: the next boot has no headroom, and starts", async () => {
  const stack = await stackOnLab(lab(), { full: { ...BARE, maxMemory: "512MiB" } });
  await stack.apply();
  const pid = lab().qemuPid("full");

  stack.edit("full", { memory: "512MiB" });
  const grown = await stack.apply();
  expect(said(grown, "full")).toContain("memory reaches maxMemory: the next boot has no headroom");
  expect(lab().qemuPid("full")).toBe(pid);
  expect(await liveMemory(lab(), "full")).toMatchObject({ memory: 512 * MIB, cells: [256 * MIB] });
  expect(await nextBootMemory(lab(), "full")).toMatchObject({
    memory: 512 * MIB,
    maxMemory: undefined,
    cells: [512 * MIB],
    devices: [],
  });
  await stack.expectSettled();

  await lab().virsh("destroy", "full");
  await lab().virsh("start", "full");
  expect(await liveMemory(lab(), "full")).toMatchObject({ cells: [512 * MIB], devices: [] });
  expect((await stack.refresh()).errors).toEqual([]);
  await stack.expectSettled();
});

test("what was changed by hand in the definition survives a grow, and a graphics password stays secret", async () => {
  const password = "hunter2!";
  const graphics = `<graphics type='vnc' passwd='${password}'><listen type='none'/></graphics>`;
  const stack = await stackOnLab(lab(), {
    edited: BARE,
    own: { ...BARE, xml: { secret: `<domain><devices>${graphics}</devices></domain>` } },
  });
  await stack.apply();
  const byHand: [before: string, after: string][] = [
    ["<vcpu placement='static'>", "<description>edited by hand</description>\n  <vcpu placement='static'>"],
    ["<metadata>", "<metadata>\n    <theirs:mark xmlns:theirs='urn:others'>kept &amp; whole</theirs:mark>"],
    ["</devices>", `  ${graphics}\n  </devices>`],
    ["</devices>", "  <watchdog model='i6300esb' action='reset'/>\n  </devices>"],
  ];
  await editByHand(lab(), "edited", (xml) =>
    byHand.reduce((text, [before, after]) => text.replace(before, after), xml),
  );
  // libvirt puts the controllers that it added for the watchdog in order when it is given them again.
  await defineByHand(lab(), await lab().virsh("dumpxml", "edited", "--inactive", "--security-info"));
  const definition = async (name: string) =>
    (await lab().virsh("dumpxml", name, "--inactive", "--security-info")).split("\n");
  const before = { edited: await definition("edited"), own: await definition("own") };
  const pids = [lab().qemuPid("edited"), lab().qemuPid("own")];

  stack.edit("edited", { memory: "512MiB" });
  stack.edit("own", { memory: "512MiB" });
  const { stdout } = await stack.apply();
  for (const name of ["edited", "own"] as const) {
    const after = await definition(name);
    // Of the provider's own metadata the total, which it wrote last.
    const size = (line: string) => /<(memory|currentMemory|cell|hotplug:domain) /.test(line);
    expect(after.filter((line) => !size(line))).toEqual(before[name].filter((line) => !size(line)));
    expect(after.join("\n")).toContain(`passwd='${password}'`);
  }
  expect((await definition("edited")).join("\n")).toContain("kept &amp; whole");
  await stack.expectSettled();
  expect([lab().qemuPid("edited"), lab().qemuPid("own")]).toEqual(pids);

  expect(stdout).not.toContain(password);
  expect(await stack.stateText({ secrets: false })).not.toContain(password);
});

onEachEngine((on) => {
  test("a size that can't be plugged: an error where the program wants one, else a replace that is carried out", async () => {
    const interfaces = [{ user: true }];
    const stack = await stackOnLab(
      lab(),
      {
        stays: { ...BARE, hotplug: { whenNotPossible: "error" } },
        replaced: { ...BARE, interfaces },
      },
      { on },
    );
    await stack.apply();
    const pids = { stays: lab().qemuPid("stays"), replaced: lab().qemuPid("replaced") };
    const identity = async () => {
      const xml = await lab().virsh("dumpxml", "replaced", "--inactive");
      return { uuid: /<uuid>(.*)<\/uuid>/.exec(xml)?.[1], mac: /<mac address='(.*)'/.exec(xml)?.[1] };
    };
    const before = await identity();
    expect(before).toEqual({ uuid: expect.any(String), mac: expect.stringMatching(/^52:54:00:/) });

    stack.edit("stays", { memory: "300MiB" });
    const refused = await stack.up({ continueOnError: true });
    expect(refused.ok).toBe(false);
    expect(refused.stdout).toContain("the increase of 44 MiB is not a multiple of 256 MiB");
    expect(refused.stdout).toContain('hotplug.whenNotPossible is "error", so nothing is done');
    expect(lab().qemuPid("stays")).toBe(pids.stays);
    expect(await nextBootMemory(lab(), "stays")).toMatchObject({ memory: 256 * MIB });
    expect(await stack.outputsOf("stays")).toMatchObject({ memory: "256MiB" });

    stack.edit("stays", { memory: "256MiB" });
    stack.edit("replaced", { memory: "300MiB" });
    const { changes, outputs } = await stack.apply();
    expect(changes).toEqual({ same: 2, replace: 1 });
    expect(outputs.replaced).toMatch(/^replace: 256 → 300 MiB is not a multiple of 256 MiB /);
    expect(lab().qemuPid("replaced")).not.toBe(pids.replaced);
    expect(await identity()).toEqual(before);
    expect(await liveMemory(lab(), "replaced")).toMatchObject({ cells: [300 * MIB], devices: [] });
    await stack.expectSettled();
    expect(lab().qemuPid("stays")).toBe(pids.stays);
  });

  test("a size that the preview can't know yet is an update, and up does what it comes to", async () => {
    const stack = await stackOnLab(
      lab(),
      {
        first: BARE,
        follower: { ...BARE, memory: { output: ["first", "nextBootMemory"] } },
      },
      { on },
    );
    const preview = await stack.preview();
    expect(preview.errors).toEqual([]);
    await stack.apply();
    expect(await liveMemory(lab(), "follower")).toMatchObject({ memory: 256 * MIB });
    const pids = [lab().qemuPid("first"), lab().qemuPid("follower")];

    stack.edit("first", { memory: "512MiB" });
    const { stdout, steps } = await stack.preview();
    expect(steps.map(({ op }) => op).sort()).toEqual(["same", "update", "update"]);
    // The plugin's preview knows the first one's outputs, from its plan.
    expect(stdout).toContain(
      on.host === "plugin"
        ? "Domain follower  live: 256 → 512 MiB, one 256 MiB DIMM in slot 0"
        : "unknown: live if possible, otherwise replace (depends on a value not known yet)",
    );
    await stack.apply();
    expect(await liveMemory(lab(), "follower")).toMatchObject({ memory: 512 * MIB, cells: [256 * MIB] });
    expect([lab().qemuPid("first"), lab().qemuPid("follower")]).toEqual(pids);
    await stack.expectSettled();
  });
});
