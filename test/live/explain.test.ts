import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { attachByHand, defineByHand, liveMemory } from "../support/virsh.ts";

const CLI = join(import.meta.dirname, "../../provider/cli.ts");

const lab = labOfThisFile();

/** Runs the package's command, as it is in the sources, against the lab. */
function explain(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [CLI, "explain", lab().uri, ...args], (failure, out, error) => {
      if (failure !== null && typeof failure.code !== "number") reject(failure);
      else resolve({ code: Number(failure?.code ?? 0), out, error });
    });
  });
}

/** What it says as JSON. */
async function explained(...args: string[]) {
  const { code, out, error } = await explain(...args, "--json");
  expect({ code, error }).toEqual({ code: 0, error: "" });
  return JSON.parse(out);
}

interface ByHand {
  /** MiB of each NUMA node; [] for none. */
  cells?: number[];
  maxMib?: number;
  devices?: string;
}

/** A domain as a person writes it, with nothing to boot. */
function domainXml(name: string, { cells = [256], maxMib, devices = "" }: ByHand): string {
  const cell = (mib: number, id: number) => `<cell id='${id}' cpus='${id}' memory='${mib}' unit='MiB'/>`;
  return `<domain type='qemu'>
    <name>${name}</name>
    ${maxMib === undefined ? "" : `<maxMemory slots='8' unit='MiB'>${maxMib}</maxMemory>`}
    <memory unit='MiB'>256</memory>
    <vcpu>2</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type></os>
    <features><acpi/></features>
    <cpu>${cells.length === 0 ? "" : `<numa>${cells.map(cell).join("")}</numa>`}</cpu>
    <devices>${devices}</devices>
  </domain>`;
}

async function startByHand(name: string, said: ByHand): Promise<void> {
  await defineByHand(lab(), domainXml(name, said));
  await lab().virsh("start", name, "--paused");
}

test("a domain that was made by hand: its DIMMs, whose they are, and the one that is off the guest's blocks", async () => {
  await startByHand("by-hand", { cells: [128, 128], maxMib: 4096 });
  await attachByHand(lab(), "by-hand", 256);
  await attachByHand(lab(), "by-hand", 100);
  await attachByHand(lab(), "by-hand", 128);
  await lab()
    .virsh("detach-device-alias", "by-hand", "dimm0", "--live")
    .catch(() => "");

  const said = await explained("by-hand", "996MiB");
  expect(said).toMatchObject({ name: "by-hand", state: "paused", persistent: true, owner: null });
  const { devices } = await liveMemory(lab(), "by-hand");
  expect(said.live.devices.map(({ alias, slot }: Record<string, unknown>) => ({ alias, slot }))).toEqual(
    devices.map(({ alias, slot }) => ({ alias, slot })),
  );
  expect(said.live).toMatchObject({
    memory: "740MiB",
    maxMemory: "4096MiB",
    freeSlots: [3, 4, 5, 6, 7],
    baseMemory: "256MiB",
    cells: [
      { id: 0, memory: "128MiB", cpus: "0" },
      { id: 1, memory: "128MiB", cpus: "1" },
    ],
    devices: [
      { size: "256MiB", base: "0x100000000", ours: false, misaligned: false },
      { size: "100MiB", base: "0x110000000", ours: false, misaligned: true },
      { size: "128MiB", base: "0x116400000", ours: false, misaligned: true },
    ],
  });
  expect(said).toMatchObject({ nextBoot: { memory: "256MiB", devices: [] }, pendingMemory: "256MiB" });
  expect(said.reachable).toEqual({
    up: { from: "996MiB", to: "4068MiB", step: "256MiB" },
    down: null,
    reasons: [],
    reasonsDown: [{ code: "too-few-dimms", text: "the domain has no DIMM managed by this provider" }],
  });
  expect(said.plan).toMatchObject({ memory: "996MiB", outcome: "live" });
  expect(said.plan.steps[0]).toEqual({
    kind: "attach",
    sentence: "attach a 256 MiB DIMM in slot 3, node 0, at 0x120000000",
  });
  // Nothing was changed by asking.
  expect((await liveMemory(lab(), "by-hand")).devices).toEqual(devices);

  const { out } = await explain("by-hand");
  expect(out).toMatch(/^now {8}0+1+a+b+c+·+$/m);
  expect(out).not.toContain("\x1b");
});

test("domains that can't grow, one that is off, and a transient one", async () => {
  await startByHand("no-room", { cells: [] });
  await defineByHand(lab(), domainXml("shut", { maxMib: 1024 }));
  const transient = lab().file("passing.xml");
  writeFileSync(transient, domainXml("passing", { maxMib: 1024 }));
  await lab().virsh("create", transient, "--paused");

  const room = await explained("no-room", "1GiB", "--when-not-possible", "restart");
  expect(room.live).toMatchObject({ memory: "256MiB", maxMemory: null });
  expect(room.reachable.up).toBeNull();
  expect(room.reachable.reasons).toContainEqual({
    code: "no-max-memory",
    text: "the running domain was started without maxMemory, so it has neither slots nor room for DIMMs",
  });
  expect(room.plan.outcome).toBe("restart");

  const shut = await explained("shut", "512MiB");
  expect(shut).toMatchObject({ state: "shutoff", live: null, nextBoot: { memory: "256MiB" } });
  expect(shut.plan.steps.map(({ kind }: { kind: string }) => kind)).toEqual(["define"]);

  const passing = await explained("passing", "512MiB");
  expect(passing).toMatchObject({ persistent: false, nextBoot: null, plan: { outcome: "live" } });
  expect(passing.plan.details).toContain("the domain is transient: the new size is lost when it stops");
});

test("virtio-mem that a person put in", async () => {
  const devices = `<memory model='virtio-mem'><target><size unit='MiB'>512</size><node>0</node>
    <block unit='MiB'>2</block><requested unit='MiB'>64</requested></target></memory>`;
  await startByHand("elastic", { maxMib: 2048, devices });
  const { live } = await explained("elastic");
  expect(live.devices).toEqual([
    expect.objectContaining({ model: "virtio-mem", size: "512MiB", requested: "64MiB", block: "2MiB" }),
  ]);
  expect((await explain("elastic")).out).toContain(
    "64 MiB requested, 0 MiB taken by the guest, in blocks of 2 MiB",
  );
});

test("the plan is what preview says: of a domain of ours, and of one that was adopted", async () => {
  await startByHand("theirs", { maxMib: 2048 });
  const { maxMemory: _, ...bare } = BARE;
  const stack = await stackOnLab(lab(), {
    ours: bare,
    theirs: { memory: "256MiB", adopt: true, shutdownTimeout: 0 },
  });
  await stack.apply();

  // One that is live, one that is off the alignment, one beyond the ceiling.
  for (const memory of ["512MiB", "300MiB", "3GiB"]) {
    const isLive = memory === "512MiB";
    stack.edit("ours", { memory });
    const { outputs } = await stack.preview();
    const ours = await explained("ours", memory);
    expect(ours.owner).toEqual({ urn: expect.stringMatching(/::ours$/), adopted: false });
    expect(ours.plan).toMatchObject({ outcome: isLive ? "live" : "replace", notes: [] });
    expect(ours.plan.headline).toBe(outputs.ours);
    stack.edit("ours", { memory: "256MiB" });

    stack.edit("theirs", { memory });
    const preview = await stack.preview();
    const theirs = await explained("theirs", memory);
    expect(theirs.owner).toEqual({ urn: expect.stringMatching(/::theirs$/), adopted: true });
    expect(theirs.plan).toMatchObject({ outcome: isLive ? "live" : "refuse", notes: [] });
    expect(isLive ? preview.outputs.theirs : preview.errors.join("\n")).toContain(theirs.plan.headline);
    stack.edit("theirs", { memory: "256MiB" });
  }

  stack.edit("ours", { memory: "512MiB" });
  stack.edit("theirs", { memory: "512MiB" });
  await stack.apply();
  for (const name of ["ours", "theirs"]) {
    const { live, nextBoot, pendingMemory, reachable, plan } = await explained(name, "512MiB");
    expect(live.devices).toEqual([
      expect.objectContaining({ alias: "ua-pulumi-dimm0", size: "256MiB", ours: true, misaligned: false }),
    ]);
    expect(nextBoot).toMatchObject({ memory: "512MiB", devices: [] });
    expect(pendingMemory).toBeNull();
    expect([reachable.up]).toEqual((await stack.outputsOf(name)).reachable);
    expect(plan).toMatchObject({ outcome: "none", steps: [] });
  }
});

test("errors are one line and exit code 1", async () => {
  await startByHand("here", { maxMib: 1024 });
  expect(await explain("gone")).toEqual({
    code: 1,
    out: "",
    error: `pulumi-libvirt-hotplug: there is no domain "gone" on ${lab().uri}; it has here\n`,
  });
  expect(await explain("here", "512")).toMatchObject({
    code: 1,
    error: 'pulumi-libvirt-hotplug: size "512": has no unit; did you mean "512MiB"?\n',
  });
  const uuid = (await lab().virsh("domuuid", "here")).trim();
  expect((await explained(uuid.toUpperCase())).name).toBe("here");
});
