import { chownSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { editByHand, liveMemory, nextBootMemory, powerState } from "../support/virsh.ts";

const lab = labOfThisFile();

/** virsh's own words: "paused (watchdog)". */
const stateOf = async (name: string) => (await lab().virsh("domstate", name, "--reason")).trim();

/** A disk that boots into these instructions (real mode, 16 bits) and then does nothing. */
function bootDisk(on: Lab, name: string, code: number[]): string {
  const file = on.file(`${name}.img`);
  // The firmware boots no smaller disk.
  const sector = Buffer.alloc(1024 * 1024);
  // cli; what is asked; hlt; jmp back to the hlt.
  Buffer.from([0xfa, ...code, 0xf4, 0xeb, 0xfd]).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  writeFileSync(file, sector);
  chownSync(file, on.user.uid, on.user.gid);
  return file;
}

/** mov dx, port; mov al, value; out dx, al */
const outByte = (port: number, value: number) => [0xba, port & 0xff, port >> 8, 0xb0, value, 0xee];
/** mov dx, port; mov ax, value; out dx, ax */
const outWord = (port: number, value: number) => [
  ...[0xba, port & 0xff, port >> 8],
  ...[0xb8, value & 0xff, value >> 8, 0xef],
];

/** Guests that stop themselves a moment after their boot, each in its way. */
const GUESTS = {
  /** ib700: enabled with 0 s. */
  watchdog: outByte(0x443, 0x0f),
  /** pvpanic: the guest has panicked. */
  crashed: outByte(0x505, 0x01),
  /** PM1a control block of q35: SLP_EN and the sleep type of S3. */
  asleep: outWord(0x604, 0x2400),
};

const DEVICES = "<watchdog model='ib700' action='pause'/><panic model='isa'/>";

test("a saved state is restored and grown, kept while the domain should be off, and discarded on request", async () => {
  const stack = await stackOnLab(lab(), { grown: BARE, kept: BARE, fresh: BARE });
  await stack.apply();
  for (const name of ["grown", "kept", "fresh"]) await lab().virsh("managedsave", name);
  // A saved state is restored with its own definition, whatever is defined meanwhile.
  await editByHand(lab(), "grown", (xml) => xml.replace("<vcpu", "<title>by hand</title>\n  <vcpu"));

  const refreshed = await stack.refresh();
  expect(refreshed.errors).toEqual([]);
  expect(said(refreshed, "grown")).toContain(
    "warning: the domain has a saved state with 256 MiB (virsh managedsave), which the next pulumi up restores",
  );
  expect(await stack.outputsOf("grown")).toMatchObject({
    ...{ state: "shutoff", stateReason: "saved", savedMemory: "256MiB" },
  });

  stack.edit("grown", { memory: "512MiB" });
  stack.edit("kept", { running: false, memory: "300MiB" });
  stack.edit("fresh", { discardSavedState: true, memory: "300MiB" });
  const preview = await stack.preview();
  expect(said(preview, "grown")).toMatch(
    /^info: live: restore with 256 MiB, then 256 → 512 MiB, one 256 MiB DIMM in slot 0 \(15 of 16 free\), no restart$/m,
  );
  expect(said(preview, "kept")).toContain(
    "next boot: 256 → 300 MiB in the definition (the saved state of 256 MiB comes first)",
  );
  expect(said(preview, "fresh")).toContain(
    "warning: restart: discard the saved state (256 MiB) and start the domain (discardSavedState); memory in the definition",
  );
  await stack.apply();
  expect(await stateOf("grown")).toBe("running (restored)");
  expect(await liveMemory(lab(), "grown")).toMatchObject({
    ...{ memory: 512 * MIB, cells: [256 * MIB], devices: [{ size: 256 * MIB, slot: 0 }] },
  });
  expect(await nextBootMemory(lab(), "grown")).toMatchObject({ cells: [512 * MIB], devices: [] });
  expect(await stateOf("kept")).toBe("shut off (saved)");
  expect(await lab().virsh("dominfo", "kept")).toMatch(/^Managed save: +yes$/m);
  expect(await nextBootMemory(lab(), "kept")).toMatchObject({ cells: [300 * MIB] });
  expect(await stateOf("fresh")).toBe("running (booted)");
  expect(await liveMemory(lab(), "fresh")).toMatchObject({ cells: [300 * MIB] });
  await stack.expectSettled();

  // What is saved with DIMMs is restored with them, and a replace says that it is lost.
  await lab().virsh("managedsave", "grown");
  stack.edit("grown", { memory: "300MiB" });
  expect(said(await stack.preview(), "grown")).toContain(
    "the saved state (virsh managedsave, 512 MiB) is lost as well",
  );
  stack.edit("grown", { memory: "768MiB" });
  stack.edit("kept", { running: true });
  await stack.apply();
  expect(await liveMemory(lab(), "grown")).toMatchObject({ memory: 768 * MIB, cells: [256 * MIB] });
  expect(await stateOf("kept")).toMatch(/^running/);
});

test("an update that was announced as a setting starts, plugs and resumes nothing", async () => {
  const stack = await stackOnLab(lab(), { off: BARE, small: { ...BARE, memory: "512MiB" }, paused: BARE });
  await stack.apply();
  await lab().virsh("destroy", "off");
  await lab().virsh("destroy", "small");
  await editByHand(lab(), "small", (xml) => xml.replaceAll(String(512 * MIB), String(256 * MIB)));
  await lab().virsh("start", "small");
  await lab().virsh("suspend", "paused");
  for (const name of ["off", "small", "paused"]) stack.edit(name, { shutdownTimeout: 1 });
  const up = await stack.apply();
  expect(said(up, "off")).toContain("info: setting only: shutdownTimeout");
  expect(said(up, "off")).toContain("not done, since the preview didn't announce it: ");
  expect(await powerState(lab(), "off")).toBe("shut off");
  expect(await liveMemory(lab(), "small")).toMatchObject({ memory: 256 * MIB, devices: [] });
  expect(await powerState(lab(), "paused")).toBe("paused");
  const preview = await stack.preview();
  expect(said(preview, "off")).toContain("live: start the domain, which is off");
  expect(said(preview, "small")).toContain("256 → 512 MiB");
  await stack.apply();
  expect(await powerState(lab(), "off")).toBe("running");
  expect(await liveMemory(lab(), "small")).toMatchObject({ memory: 512 * MIB });
  await stack.expectSettled();
});

test("a pause is shown by its reason: a user's is resumed, a guest that sleeps is woken, an error is only named", async () => {
  const disks = (name: keyof typeof GUESTS) => [
    { file: bootDisk(lab(), name, GUESTS[name]), format: "raw" } as const,
  ];
  const xml = `<domain><devices>${DEVICES}</devices><on_crash>preserve</on_crash></domain>`;
  const stack = await stackOnLab(lab(), {
    user: { ...BARE, running: true },
    saved: { ...BARE, running: true },
    ...Object.fromEntries(
      (["watchdog", "crashed", "asleep"] as const).map((name) => [
        name,
        { ...BARE, xml, disks: disks(name) },
      ]),
    ),
  });
  await stack.apply();
  await lab().virsh("suspend", "user");
  // libvirt 9.0 restores what was saved while it was paused as "paused (migrating)", though no job holds it.
  await lab().virsh("suspend", "saved");
  await lab().virsh("managedsave", "saved");
  await lab().virsh("start", "saved");
  const words: Record<string, string> = {
    user: "paused (user)",
    saved: "paused (migrating)",
    watchdog: "paused (watchdog)",
    crashed: "crashed (panicked)",
    asleep: "pmsuspended (unknown)",
  };
  for (const [name, state] of Object.entries(words))
    await waitUntil(`${name} to be ${state}`, async () => (await stateOf(name)) === state, {
      timeoutMs: 60_000,
      intervalMs: 200,
    });

  const refreshed = await stack.refresh();
  expect(refreshed.errors).toEqual([]);
  for (const [name, stateReason] of [
    ["user", "user"],
    ["saved", "restored"],
    ["watchdog", "watchdog"],
    ["crashed", "crashed"],
    ["asleep", "asleep"],
  ] as const) {
    expect(await stack.outputsOf(name)).toMatchObject({ stateReason });
    expect(said(refreshed, name)).toContain(stateReason);
  }

  for (const [name, why] of [
    ["watchdog", "the domain is paused (watchdog)"],
    ["crashed", "the domain is paused (crashed)"],
    ["asleep", "it is suspended to memory"],
  ] as const) {
    stack.edit(name, { memory: "512MiB" });
    const refused = await stack.preview({ continueOnError: true });
    expect([refused.ok, said(refused, name)]).toEqual([false, expect.stringContaining(why)]);
    stack.edit(name, { memory: "256MiB", running: true });
  }

  stack.edit("asleep", { memory: "512MiB" });
  const up = await stack.apply();
  expect(said(up, "user")).toContain("live: resume the domain, which is paused (user)");
  expect(said(up, "asleep")).toContain("live: wake, then 256 → 512 MiB");
  for (const name of ["user", "saved"]) expect(await stateOf(name)).toBe("running (unpaused)");
  expect(await liveMemory(lab(), "asleep")).toMatchObject({ memory: 512 * MIB });
  expect(await stateOf("watchdog")).toBe("paused (watchdog)");
  expect(await stateOf("crashed")).toBe("crashed (panicked)");
  expect(said(up, "watchdog")).toContain("it isn't resumed by this provider");

  for (const name of ["watchdog", "crashed"]) {
    stack.edit(name, { running: false });
    const deaf = await stack.preview({ continueOnError: true });
    expect([deaf.ok, said(deaf, name)]).toEqual([
      false,
      expect.stringContaining("its guest can't shut down"),
    ]);
    stack.edit(name, { forceOff: true });
  }
  await stack.apply();
  for (const name of ["watchdog", "crashed"]) expect(await powerState(lab(), name)).toBe("shut off");
});
