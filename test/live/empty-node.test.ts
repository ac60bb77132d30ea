import { describe, expect, test } from "vitest";
import { createWithEmptyNode, REFUSED } from "../support/empty-node.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { memoryDevicesByQemu } from "../support/qemu.ts";
import { type Args, BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

/** A domain without a guest, with a node to grow into. */
const EMPTY_NODE: Args = {
  ...BARE,
  numa: [{ memory: "256MiB", cpus: "0" }, { memory: 0 }],
  hotplug: { targetNode: 1 },
};

describe("which machine types start with a node of 0 KiB", () => {
  test.each([
    ["pc-q35-4.0.1", true],
    ["pc-q35-4.2", true],
    ["pc-q35-5.0", true],
    ["pc-q35-5.1", false],
    ["q35", false],
  ])("%s: %s", async (machine, starts) => {
    const created = createWithEmptyNode(lab(), "x86_64", machine);
    if (starts) await created;
    else await expect(created).rejects.toThrow(REFUSED);
  });
});

test("machine types up to 5.0 start with a node that has no memory at all", async () => {
  const stack = await stackOnLab(lab(), {
    old: { ...EMPTY_NODE, machine: "pc-q35-4.2" },
    exact: { ...EMPTY_NODE, machine: "pc-q35-5.0", hotplug: { targetNode: 1, emptyNode: "exact" } },
  });
  const { outputs } = await stack.apply();
  const started = { memory: 256 * MIB, cells: [256 * MIB, 0], devices: [] };
  for (const name of ["old", "exact"]) {
    expect(outputs[name]).toContain("; node 1 starts without memory");
    expect(await liveMemory(lab(), name)).toMatchObject(started);
  }
  await stack.expectSettled();

  const pids = ["old", "exact"].map((name) => lab().qemuPid(name));
  for (const name of ["old", "exact"]) stack.edit(name, { memory: "512MiB" });
  await stack.apply();
  expect(["old", "exact"].map((name) => lab().qemuPid(name))).toEqual(pids);
  for (const name of ["old", "exact"]) {
    expect(await memoryDevicesByQemu(lab(), name)).toMatchObject([{ node: 1, size: 256 * MIB }]);
    expect(await nextBootMemory(lab(), name)).toMatchObject({
      memory: 512 * MIB,
      cells: [256 * MIB, 256 * MIB],
      devices: [],
    });
    await lab().virsh("destroy", name);
    await lab().virsh("start", name);
  }
  expect((await stack.refresh()).errors).toEqual([]);
  await stack.expectSettled();
});

test("what can't be is refused before anything is done, with what would work", async () => {
  const twoNodes = [{ memory: "256MiB", cpus: "0" }, { memory: 0 }];
  const wrong: [why: string, args: Args, words: string[]][] = [
    [
      "0 KiB on a newer machine type",
      { ...EMPTY_NODE, machine: "pc-q35-7.2", hotplug: { targetNode: 1, emptyNode: "exact" } },
      [
        'leaves node 1 empty with hotplug.emptyNode "exact", but pc-q35-7.2 can\'t start with an empty node',
        'use emptyNode "minimal" (1 MiB in that node), or a machine type up to 5.0 such as "pc-q35-5.0"',
      ],
    ],
    [
      "the newest machine type, unnamed",
      { ...EMPTY_NODE, hotplug: { targetNode: 1, emptyNode: "exact" } },
      ["the host's newest machine type can't start with an empty node"],
    ],
    [
      "two empty nodes",
      { ...EMPTY_NODE, numa: [...twoNodes, { memory: 0 }] },
      ["has 2 nodes without memory (1, 2); at most one may be empty"],
    ],
    [
      "nothing to grow with",
      { ...EMPTY_NODE, maxMemory: "256MiB" },
      ["is 256 MiB, equal to memory, so memory can't be added to the empty node 1 later; raise maxMemory"],
    ],
    [
      "no such node",
      { ...EMPTY_NODE, hotplug: { targetNode: 2 } },
      ["is 2, but the domain has nodes 0 to 1"],
    ],
    [
      "a rest that can't be spread",
      { ...BARE, memory: "257MiB", numa: [{}, {}], hotplug: { targetNode: "spread" } },
      [
        "is \"spread\", but 257 MiB (memory beyond the nodes' own shares) can't be divided evenly among 2 nodes",
      ],
    ],
  ];
  const stack = await stackOnLab(lab(), {});
  for (const [name, args, words] of wrong) {
    stack.edit(name, { name: "wrong", ...args });
    const { ok, stdout } = await stack.preview();
    expect(ok, name).toBe(false);
    for (const said of words) expect(stdout).toContain(said);
    stack.drop(name);
  }
  expect(await lab().virsh("list", "--all", "--name")).toBe("");
});

test("spread gives every node the same share, and says why when it can't", async () => {
  const stack = await stackOnLab(lab(), {
    wide: {
      ...BARE,
      memory: "512MiB",
      vcpus: 2,
      numa: [{ cpus: "0" }, { cpus: "1" }],
      hotplug: { targetNode: "spread", whenNotPossible: "error" },
    },
  });
  await stack.apply();
  const pid = lab().qemuPid("wide");
  expect(await liveMemory(lab(), "wide")).toMatchObject({ cells: [256 * MIB, 256 * MIB] });

  stack.edit("wide", { memory: "768MiB" });
  const refused = await stack.preview();
  expect(refused.ok).toBe(false);
  expect(refused.stdout).toContain(
    "the increase of 256 MiB can't be spread over 2 nodes in multiples of 256 MiB",
  );
  expect(refused.stdout).toContain("1024 MiB");

  stack.edit("wide", { memory: "1024MiB" });
  const { outputs } = await stack.apply();
  expect(outputs.wide).toContain(
    "live: 512 → 1024 MiB, 2 DIMMs of 256 MiB on nodes 0 and 1 (14 of 16 slots free), no restart",
  );
  expect(await memoryDevicesByQemu(lab(), "wide")).toEqual([
    { id: "ua-pulumi-dimm0", node: 0, slot: 0, size: 256 * MIB },
    { id: "ua-pulumi-dimm1", node: 1, slot: 1, size: 256 * MIB },
  ]);
  expect(await nextBootMemory(lab(), "wide")).toMatchObject({
    memory: 1024 * MIB,
    cells: [512 * MIB, 512 * MIB],
    devices: [],
  });
  expect(lab().qemuPid("wide")).toBe(pid);
  await stack.expectSettled();
});
