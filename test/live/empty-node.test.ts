import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { engineOnThisMachine } from "../engine/driver.ts";
import type { GuestConsole } from "../lab/console.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { memoryDevicesByQemu } from "./by-qemu.ts";
import { labOfThisFile, liveMemory, nextBootMemory, removeDomains } from "./by-virsh.ts";
import { createWithEmptyNode, REFUSED } from "./empty-node-by-hand.ts";
import { onEachEngine } from "./engines.ts";
import { type Args, BARE, type StackOnLab, stackOnLab } from "./stack-on-lab.ts";

const MIB = 1024;
const BOOT = { timeoutMs: 150_000 };

const lab = labOfThisFile();

/** A domain without a guest, with a node to grow into. */
const EMPTY_NODE: Args = {
  ...BARE,
  numa: [{ memory: "256MiB", cpus: "0" }, { memory: 0 }],
  hotplug: { targetNode: 1 },
};

// One guest at a time, told in order.
describe("a guest grows into its empty node", () => {
  let stack: StackOnLab;
  let console: GuestConsole;
  let before: { pid: number | undefined; nodes: number[] };

  const guest = (file: string): Args => ({
    memory: "512MiB",
    vcpus: 2,
    numa: [{ memory: "512MiB", cpus: "0-1" }, { memory: 0 }],
    hotplug: { targetNode: 1 },
    boot: { ...lab().guest, commandLine: "console=ttyS0 quiet memhp_default_state=online" },
    serial: { file },
  });
  const bootedAs = async (domain: string, nodes: string) => {
    await console.waitFor(new RegExp(`GUEST memtotal_kb=.* nodes=${nodes} `), BOOT);
    before = { pid: lab().qemuPid(domain), nodes: memoryOfNodes(console) };
  };
  /** The same boot of the guest has 256 MiB more, all of it on node 1. */
  const grewOnNode1 = async (domain: string) => {
    const [first = 0, second = 0] = before.nodes;
    await waitUntil(
      "256 MiB more on node 1",
      () => memoryOfNodes(console).join() === `${first},${second + 256 * MIB}`,
      { ...BOOT, seen: () => console.text() },
    );
    expect(console.text()).toMatch(/ nodes=0-1 .*$/m);
    expect(console.text().match(/GUEST booted/g)).toHaveLength(1);
    expect(lab().qemuPid(domain)).toBe(before.pid);
    expect(await memoryDevicesByQemu(lab(), domain)).toEqual([
      { id: "ua-pulumi-dimm0", node: 1, slot: 0, size: 256 * MIB },
    ]);
  };

  beforeAll(async () => {
    const file = lab().file("newest.log");
    console = lab().console(file);
    const { kind: engine } = await engineOnThisMachine();
    stack = await stackOnLab(lab(), { engine, traces: [] }, { newest: guest(file) });
  });
  afterAll(() => removeDomains(lab()));

  test("newest machine type: the preview says what the node starts with; the total is as asked", async () => {
    const plan =
      "starts with 512 MiB; room for 16 DIMMs, up to 2 GiB; " +
      "node 1 starts with 1 MiB, which newer machine types need in a node (out of node 0)";
    const { stdout } = await stack.preview({ diff: true });
    expect(stdout).toContain(plan);

    expect((await stack.apply()).outputs.newest).toBe(plan);
    expect(await liveMemory(lab(), "newest")).toMatchObject({
      memory: 512 * MIB,
      cells: [511 * MIB, MIB],
      devices: [],
    });
    // Linux counts the 1 MiB as the node's memory.
    await bootedAs("newest", "0-1");
    expect(before.nodes[1]).toBeLessThanOrEqual(MIB);
  });

  test("growth gives the node its first memory, and the preview says what becomes of it", async () => {
    stack.edit("newest", { memory: "768MiB" });
    const { stdout } = await stack.preview();
    expect(stdout).toContain(
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 1; 512 → 768 MiB of at most 2 GiB; " +
        "no restart; node 1 gets its first memory, and is an ordinary node at the next boot",
    );
    await stack.apply();
    await grewOnNode1("newest");
    await stack.expectSettled();
  });

  test("shut down and started, it has two ordinary nodes of the right sizes", async () => {
    await lab().virsh("shutdown", "newest");
    await waitUntil(
      "the guest to be off",
      async () => (await lab().virsh("domstate", "newest")).trim() === "shut off",
      { timeoutMs: 60_000, intervalMs: 200 },
    );
    // QEMU begins the console's file anew.
    await lab().virsh("start", "newest");
    await bootedAs("newest", "0-1");
    // Not all of 256 MiB: the kernel lies in the same memory.
    expect(before.nodes[1]).toBeGreaterThan(128 * MIB);
    expect(await liveMemory(lab(), "newest")).toMatchObject({
      memory: 768 * MIB,
      cells: [512 * MIB, 256 * MIB],
      devices: [],
    });
    expect((await stack.refresh()).errors).toEqual([]);
    await stack.expectSettled();

    stack.edit("newest", { memory: "1024MiB" });
    const { stdout } = await stack.preview();
    expect(stdout).toMatch(
      /live: hot-plug 256 MiB .*, node 1; 768 → 1024 MiB of at most 2 GiB; no restart$/m,
    );
    stack.drop("newest");
  });

  test("machine type 4.2: the node has nothing at all at first, in the guest too", async () => {
    const file = lab().file("older.log");
    console = lab().console(file);
    stack.edit("older", { ...guest(file), machine: "pc-q35-4.2" });
    const { outputs } = await stack.apply();
    expect(outputs.older).toBe(
      "starts with 512 MiB; room for 16 DIMMs, up to 2 GiB; node 1 starts without memory",
    );
    await bootedAs("older", "0");
    stack.edit("older", { memory: "768MiB" });
    await stack.apply();
    await grewOnNode1("older");
    expect(await nextBootMemory(lab(), "older")).toMatchObject({ cells: [512 * MIB, 256 * MIB] });
    await stack.expectSettled();
  });
});

describe("which machine types start with a node of 0 KiB", () => {
  afterAll(() => removeDomains(lab()));

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

onEachEngine((on) => {
  afterEach(() => removeDomains(lab()));

  test("machine types up to 5.0 start with a node that has no memory at all", async () => {
    const stack = await stackOnLab(lab(), on, {
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
          'node 1 is empty with hotplug.emptyNode "exact", and pc-q35-7.2 does not start so',
          'what works: emptyNode "minimal" (1 MiB in that node), or a machine type up to 5.0 such as "pc-q35-5.0"',
        ],
      ],
      [
        "the newest machine type, unnamed",
        { ...EMPTY_NODE, hotplug: { targetNode: 1, emptyNode: "exact" } },
        ["the host's newest machine type does not start so"],
      ],
      [
        "two empty nodes",
        { ...EMPTY_NODE, numa: [...twoNodes, { memory: 0 }] },
        ["has 2 nodes without memory (1, 2); at most one may be empty"],
      ],
      [
        "nothing to grow with",
        { ...EMPTY_NODE, maxMemory: "256MiB" },
        [
          "is 256 MiB, all of which is there at boot; node 1 has no memory and could get none: raise maxMemory",
        ],
      ],
      ["no such node", { ...EMPTY_NODE, hotplug: { targetNode: 2 } }, ["is 2; the domain has nodes 0 to 1"]],
      [
        "a rest that can't be spread",
        { ...BARE, memory: "257MiB", numa: [{}, {}], hotplug: { targetNode: "spread" } },
        [
          "is \"spread\", and the 257 MiB that memory has above the nodes' shares can't be divided among 2 nodes",
        ],
      ],
    ];
    const stack = await stackOnLab(lab(), on, {});
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
    const stack = await stackOnLab(lab(), on, {
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
      "hot-plug 512 MiB as 2 DIMMs of 256 MiB each into slots 0, 1 (14 of 16 free after), spread over nodes 0, 1",
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
});

/** The memory of each NUMA node in the guest's own words, in KiB. */
function memoryOfNodes(console: GuestConsole): number[] {
  const last = [...console.text().matchAll(/ node_kb=([\d,]+)/g)].at(-1);
  return (last?.[1] ?? "").split(",").map(Number);
}
