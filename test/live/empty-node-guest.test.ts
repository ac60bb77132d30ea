import { beforeAll, describe, expect, test } from "vitest";
import type { GuestConsole } from "../lab/console.ts";
import { shutDown } from "../lab/shut-down.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { BOOT, labOfThisFile, MIB } from "../support/live-lab.ts";
import { memoryDevicesByQemu } from "../support/qemu.ts";
import { type Args, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile({ keepDomains: true });

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
    stack = await stackOnLab(lab(), { newest: guest(file) });
  });

  test("newest machine type: the preview says what the node starts with; the total is as asked", async () => {
    const plan =
      "starts with 512 MiB; room for 16 DIMMs, up to 2 GiB; " + "node 1 starts with 1 MiB taken from node 0";
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
    expect(stdout).toContain("live: 512 → 768 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart");
    expect(stdout).toContain("first memory for node 1; from the next boot it is a regular node");
    expect(stdout).toContain("attach a 256 MiB DIMM in slot 0, node 1");
    await stack.apply();
    await grewOnNode1("newest");
    await stack.expectSettled();
  });

  test("shut down and started, it has two ordinary nodes of the right sizes", async () => {
    await shutDown(lab(), "newest");
    // QEMU truncates the console's file.
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
    expect(stdout).toContain("live: 768 → 1024 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart");
    expect(stdout).toContain("attach a 256 MiB DIMM in slot 0, node 1");
    expect(stdout).not.toContain("first memory for node 1");
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

/** The memory of each NUMA node in the guest's own words, in KiB. */
function memoryOfNodes(console: GuestConsole): number[] {
  const last = [...console.text().matchAll(/ node_kb=([\d,]+)/g)].at(-1);
  return (last?.[1] ?? "").split(",").map(Number);
}
