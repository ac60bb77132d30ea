import { expect, test } from "vitest";
import { ENGINE } from "../support/engines.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, opOf, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, words } from "../support/virsh.ts";

const lab = labOfThisFile();

const ONCE_OF_THE_PLUGIN = { aliases: [{ type: "libvirt-hotplug:index:Domain" }] };
const NAMES = ["web-1", "web-2"];
const vault = { ...BARE, memory: { secret: "256MiB" } };

test("a stack of the dynamic provider moves to the plugin and back: unchanged, in the same QEMU", async () => {
  const on = { engine: "in-process", host: "dynamic", traces: [] } as const;
  const stack = await stackOnLab(
    lab(),
    { "web-1": BARE, "web-2": BARE, vault },
    { on: { ...on, traces: [] } },
  );
  await stack.apply();
  stack.edit("web-1", { memory: "512MiB" });
  await stack.apply();
  const pids = () => NAMES.map((name) => lab().qemuPid(name));
  const before = pids();

  await stack.moveTo("plugin");
  const moved = await stack.apply({ expectNoChanges: true });
  expect(moved.changes).toEqual({ same: 4 });
  await stack.expectSettled();
  stack.edit("web-2", { memory: "512MiB" });
  const grown = await stack.apply();
  expect(opOf(grown, "web-2")).toBe("update");
  for (const name of NAMES) expect(await liveMemory(lab(), name)).toMatchObject({ memory: 512 * MIB });

  await stack.moveTo("dynamic");
  for (const name of [...NAMES, "vault"]) stack.edit(name, { options: ONCE_OF_THE_PLUGIN });
  const back = await stack.apply({ expectNoChanges: true });
  expect(back.changes).toEqual({ same: 4 });
  // With no update between: what deletes and reads a dynamic resource is named in its state.
  expect((await stack.refresh({ expectNoChanges: true })).errors).toEqual([]);
  expect(pids()).toEqual(before);
  const { ok, errors } = await stack.destroy();
  expect({ ok, errors }).toEqual({ ok: true, errors: [] });
  expect(pids()).toEqual([undefined, undefined]);
});

test("a domain that is replaced after the move keeps its UUID", async () => {
  const stack = await stackOnLab(
    lab(),
    { "web-1": BARE },
    { on: { engine: "in-process", host: "dynamic", traces: [] } },
  );
  await stack.apply();
  const { uuid } = await stack.outputsOf("web-1");
  await stack.moveTo("plugin");
  stack.edit("web-1", { memory: "300MiB" });
  const { changes } = await stack.apply();
  expect(changes).toEqual({ same: 1, replace: 1 });
  expect(await stack.outputsOf("web-1")).toMatchObject({ uuid, liveMemory: "300MiB" });
  await stack.expectSettled();
});

test.each([
  ["after an update that changes nothing", true],
  ["with no update between", false],
])("a stack that moved back to the dynamic provider is destroyed, %s", async (_, isUpdated) => {
  const stack = await stackOnLab(lab(), { "web-1": BARE }, { on: { ...ENGINE, host: "dynamic" } });
  await stack.apply();
  await stack.moveTo("plugin");
  await stack.apply({ expectNoChanges: true });
  await stack.moveTo("dynamic");
  stack.edit("web-1", { options: ONCE_OF_THE_PLUGIN });
  if (isUpdated) await stack.apply({ expectNoChanges: true });
  const { ok, errors } = await stack.destroy();
  expect({ ok, errors }).toEqual({ ok: true, errors: [] });
  expect(words(await lab().virsh("list", "--all", "--name"))).toEqual([]);
});
