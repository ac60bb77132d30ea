import { expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { attachByHand, attachXmlByHand, liveMemory, nextBootMemory, powerCycle } from "../support/virsh.ts";

/** The guest's memory block on x86-64. */
const BLOCK = 128n * 1024n * 1024n;

const lab = labOfThisFile();

test("one DIMM a change, or as many as maxDimmSize makes of it; the preview says how many and what is left", async () => {
  const stack = await stackOnLab(lab(), {
    one: BARE,
    units: { ...BARE, hotplug: { maxDimmSize: "256MiB" } },
    rest: { ...BARE, hotplug: { maxDimmSize: "512MiB" } },
    scarce: { ...BARE, memorySlots: 2, hotplug: { maxDimmSize: "256MiB", whenNotPossible: "nextBoot" } },
  });
  await stack.apply();
  const names = ["one", "units", "rest", "scarce"];
  const pids = names.map((name) => lab().qemuPid(name));
  for (const name of names) stack.edit(name, { memory: "1024MiB" });
  const up = await stack.apply();
  const growth = (layout: string) =>
    `info: live: 256 → 1024 MiB, ${layout} free), no restart\nmaximum without a restart: 2 GiB\n1. attach a `;
  expect(said(up, "one")).toContain(growth("one 768 MiB DIMM in slot 0 (15 of 16"));
  expect(said(up, "units")).toContain(growth("3 DIMMs of 256 MiB in slots 0–2 (13 of 16"));
  expect(said(up, "rest")).toContain(growth("2 DIMMs in slots 0 and 1 (14 of 16"));
  expect(said(up, "scarce")).toContain(
    "the increase needs 3 DIMMs of at most 256 MiB (hotplug.maxDimmSize), but only 2 of 2 slots are free",
  );
  const sizes = async (name: string) => (await liveMemory(lab(), name)).devices.map(({ size }) => size / MIB);
  expect(await Promise.all(names.map(sizes))).toEqual([[768], [256, 256, 256], [512, 256], []]);
  for (const name of names)
    expect(await nextBootMemory(lab(), name)).toMatchObject({ cells: [1024 * MIB], devices: [] });
  await stack.expectSettled();
  expect(names.map((name) => lab().qemuPid(name))).toEqual(pids);
});

test("beside DIMMs that were attached by hand: in slots with gaps, with aliases of their own, live alone or defined too", async () => {
  const small = { ...BARE, hotplug: { maxDimmSize: "256MiB" } };
  const stack = await stackOnLab(lab(), { gaps: small, live: small, apart: small });
  await stack.apply();
  const names = ["gaps", "live", "apart"];
  const pids = names.map((name) => lab().qemuPid(name));
  await attachXmlByHand(lab(), "gaps", dimm({ slot: 1, alias: "ua-theirs" }), "--live", "--config");
  await attachXmlByHand(lab(), "gaps", dimm({ slot: 3 }), "--live", "--config");
  await attachByHand(lab(), "live", 256);
  await attachXmlByHand(lab(), "apart", dimm({ slot: 2, alias: "ua-live" }), "--live");
  await attachXmlByHand(lab(), "apart", dimm({ slot: 5, alias: "ua-next", mib: 512 }), "--config");

  // What others did is shown first: the size that the domain has now, or will have.
  const drift = await stack.refresh();
  expect(drift.errors).toEqual([]);
  expect(drift.changes).toMatchObject({ update: 3 });
  expect(await stack.outputsOf("gaps")).toMatchObject({ liveMemory: "768MiB", nextBootMemory: "768MiB" });
  expect(await stack.outputsOf("live")).toMatchObject({ liveMemory: "512MiB", nextBootMemory: "256MiB" });
  expect(await stack.outputsOf("apart")).toMatchObject({ liveMemory: "512MiB", nextBootMemory: "768MiB" });

  for (const name of names) stack.edit(name, { memory: "1280MiB" });
  const up = await stack.apply();
  expect(said(up, "gaps")).toContain(
    "live: 768 → 1280 MiB, 2 DIMMs of 256 MiB in slots 0 and 2 (12 of 16 free), no restart",
  );
  expect(said(up, "live")).toContain(
    "live: 512 → 1280 MiB, 3 DIMMs of 256 MiB in slots 1–3 (12 of 16 free), no restart",
  );
  expect(said(up, "apart")).toContain(
    "live: 512 → 1280 MiB, 3 DIMMs of 256 MiB in slots 0, 1 and 3 (12 of 16 free), no restart",
  );
  for (const name of names)
    expect(await liveMemory(lab(), name)).toMatchObject({ memory: 1280 * MIB, cells: [256 * MIB] });
  const ours = (await liveMemory(lab(), "apart")).devices.filter(({ alias }) =>
    alias.startsWith("ua-pulumi"),
  );
  expect(ours.map(({ alias, slot }) => `${alias} ${slot}`).sort()).toEqual([
    "ua-pulumi-dimm0 0",
    "ua-pulumi-dimm1 1",
    "ua-pulumi-dimm3 3",
  ]);

  // Devices that others defined stay in the definition and count; what was live alone folds into the cell.
  const defined = async (name: string) => {
    const { memory, cells, devices } = await nextBootMemory(lab(), name);
    return {
      memory: memory / MIB,
      cells: cells.map((cell) => cell / MIB),
      slots: devices.map(({ slot }) => slot),
    };
  };
  expect(await Promise.all(names.map(defined))).toEqual([
    { memory: 1280, cells: [768], slots: [1, 3] },
    { memory: 1280, cells: [1280], slots: [] },
    { memory: 1280, cells: [768], slots: [5] },
  ]);
  await stack.expectSettled();
  expect(names.map((name) => lab().qemuPid(name))).toEqual(pids);
  await powerCycle(lab(), "gaps");
  expect(await liveMemory(lab(), "gaps")).toMatchObject({ memory: 1280 * MIB, cells: [768 * MIB] });
});

test("behind a DIMM that is off the guest's blocks the next one gets an aligned place, which QEMU takes", async () => {
  const stack = await stackOnLab(lab(), {
    shifted: { ...BARE, hotplug: { maxDimmSize: "256MiB", whenNotPossible: "error" } },
  });
  await stack.apply();
  const pid = lab().qemuPid("shifted");
  await attachByHand(lab(), "shifted", 100);
  await attachByHand(lab(), "shifted", 256);
  expect((await bases(lab(), "shifted")).map((base) => base % BLOCK === 0n)).toEqual([true, false]);

  // 256 + 100 + 256 MiB, and the increase counts from there.
  stack.edit("shifted", { memory: "1024MiB" });
  const refused = await stack.up();
  expect(refused.ok).toBe(false);
  expect(said(refused, "shifted")).toContain(
    "sizes that work without a restart: 868 MiB, 1124 MiB; range 868–1892 MiB, step 256 MiB",
  );

  stack.edit("shifted", { memory: "1124MiB" });
  const up = await stack.apply();
  const [, , first, second] = await bases(lab(), "shifted");
  expect([first, second].map((base) => base !== undefined && base % BLOCK === 0n)).toEqual([true, true]);
  expect(said(up, "shifted")).toContain(
    `the new memory starts at 0x${first?.toString(16)}, since the 100 MiB DIMM in slot 0 is not aligned to the guest's memory blocks`,
  );
  expect(await liveMemory(lab(), "shifted")).toMatchObject({ memory: 1124 * MIB, cells: [256 * MIB] });
  expect(await nextBootMemory(lab(), "shifted")).toMatchObject({ cells: [1124 * MIB], devices: [] });
  await stack.expectSettled();
  expect(lab().qemuPid("shifted")).toBe(pid);
  await powerCycle(lab(), "shifted");
  expect(await liveMemory(lab(), "shifted")).toMatchObject({ cells: [1124 * MIB], devices: [] });
});

/** A DIMM as a person would write it. */
function dimm({ slot, alias, mib = 256 }: { slot: number; alias?: string; mib?: number }): string {
  const name = alias === undefined ? "" : `<alias name='${alias}'/>`;
  return `<memory model='dimm'><target><size unit='MiB'>${mib}</size><node>0</node></target>${name}<address type='dimm' slot='${slot}'/></memory>`;
}

/** Where QEMU put the DIMMs of the running domain, in the order of their slots. */
async function bases(lab: Lab, domain: string): Promise<bigint[]> {
  const xml = await lab.virsh("dumpxml", domain);
  const addresses = [...xml.matchAll(/<address type='dimm' slot='(\d+)' base='(0x[0-9a-f]+)'/g)];
  return addresses.sort(([, a], [, b]) => Number(a) - Number(b)).map(([, , base]) => BigInt(base ?? 0));
}
