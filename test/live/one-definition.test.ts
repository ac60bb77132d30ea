import { expect, test } from "vitest";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { type Args, BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory, powerState, words } from "../support/virsh.ts";

const lab = labOfThisFile();

const restart = { ...BARE, forceOff: true, hotplug: { whenNotPossible: "restart" } } as const;
const MACHINE = "pc-q35-99.9";

test("a restart for the memory brings vCPUs and description along: one downtime, which the preview shows", async () => {
  const stack = await stackOnLab(lab(), { web: { ...restart, vcpus: 1 } });
  await stack.apply();
  const pid = lab().qemuPid("web");
  stack.edit("web", { memory: "300MiB", vcpus: 2, description: "shop" });
  const preview = await stack.preview();
  expect(said(preview, "web")).toMatch(/^warning: restart: 256 → 300 MiB .*; vCPUs in the definition\n/);
  expect(said(preview, "web")).toContain("vCPUs 1 → 2 in the definition (once the domain is off)");
  await stack.apply();
  const after = lab().qemuPid("web");
  expect([after, after === pid]).toEqual([expect.any(Number), false]);
  expect(await liveMemory(lab(), "web")).toMatchObject({ cells: [300 * MIB], devices: [] });
  const xml = await lab().virsh("dumpxml", "web");
  expect(xml).toContain("<vcpu placement='static' current='2'>4</vcpu>");
  expect(xml).toContain("<description>shop</description>");
  await stack.expectSettled();
  expect(lab().qemuPid("web")).toBe(after);
  expect(words(await lab().virsh("list", "--all", "--name"))).toEqual(["web"]);
});

test("a machine type that the host doesn't have is refused before anything is stopped or attached", async () => {
  const changes: Record<string, Args> = {
    restarted: { memory: "300MiB" },
    grown: { memory: "512MiB" },
    stopped: { running: false },
    elastic: { memory: "512MiB", hotplug: { device: "virtio-mem", whenNotPossible: "restart" } },
  };
  const names = Object.keys(changes);
  const stack = await stackOnLab(lab(), Object.fromEntries(names.map((name) => [name, restart])));
  await stack.apply();
  const before = names.map((name) => lab().qemuPid(name));
  const definitions = () =>
    Promise.all(names.map((name) => lab().virsh("dumpxml", "--inactive", "--security-info", name)));
  const defined = await definitions();
  for (const name of names) stack.edit(name, { ...changes[name], machine: MACHINE });

  const up = await stack.up({ continueOnError: true });
  expect(up.ok).toBe(false);
  expect(JSON.stringify(up.diagnostics)).toContain(MACHINE);
  for (const name of names) {
    expect(await powerState(lab(), name)).toBe("running");
    expect(await liveMemory(lab(), name)).toMatchObject({ memory: 256 * MIB, devices: [] });
  }
  expect(names.map((name) => lab().qemuPid(name))).toEqual(before);
  expect(await definitions()).toEqual(defined);
  expect(words(await lab().virsh("list", "--all", "--name")).sort()).toEqual([...names].sort());
}, 120_000);

test.each(["dimm", "virtio-mem"] as const)(
  "512 MiB on one node become two nodes of 256 in one update, with %s",
  async (device) => {
    const args: Args = {
      ...{ ...restart, memory: "512MiB", maxMemory: device === "dimm" ? "600MiB" : "1GiB", vcpus: 2 },
      hotplug: { device, whenNotPossible: "restart" },
    };
    const stack = await stackOnLab(lab(), { web: args });
    await stack.apply();
    stack.edit("web", { numa: [{ memory: "256MiB" }, { memory: "256MiB" }] });
    const up = await stack.apply();
    expect(said(up, "web")).toMatch(/^warning: restart: /);
    const nodes = [256 * MIB, 256 * MIB];
    expect(await liveMemory(lab(), "web")).toMatchObject({ cells: nodes });
    expect(await nextBootMemory(lab(), "web")).toMatchObject({ cells: nodes });
    await stack.expectSettled();
  },
);

test("an administrator's edit in the definition and ours are both there", async () => {
  const stack = await stackOnLab(lab(), { web: BARE });
  await stack.apply();
  await lab().virsh("desc", "web", "--title", "theirs", "--config");
  stack.edit("web", { memory: "512MiB", vcpus: 2 });
  await stack.apply();
  expect(await lab().virsh("dumpxml", "--inactive", "web")).toContain("<title>theirs</title>");
  expect(await nextBootMemory(lab(), "web")).toMatchObject({ cells: [512 * MIB] });
  await stack.expectSettled();
});
