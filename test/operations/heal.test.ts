import { beforeEach, describe, expect, test } from "vitest";
import { dimmXml } from "../../provider/domain/device.ts";
import { readDomain } from "../../provider/domain/read.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, type OneResource } from "../support/one-resource.ts";
import { confirmedByAgent } from "../support/texts.ts";

const MIB = 1024;
const BLOCK = 128 * MIB;

const args = { memory: "1GiB", maxMemory: "8GiB", hotplug: { awaitGuest: 1 } };
const grown = { ...args, memory: "1380MiB" };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(async () => {
  ({ host, stack } = await created(args));
  bootGuest();
});

/** A guest like Linux: it only takes whole memory blocks. */
function bootGuest({ block = BLOCK, online = true } = {}): void {
  const { uuid, live = "" } = host.only;
  host.change(uuid, {
    live: live.replace(/(name=.org\.qemu\.guest_agent\.0.)(?! state)/, "$1 state='connected'"),
  });
  const bytes = BigInt(block) * 1024n;
  const range = (first: number, size: number) =>
    Array.from({ length: size / block }, (_, index) => first + index);
  host.agent = ({ execute }) => {
    if (execute === "guest-get-memory-block-info") return { size: block * 1024 };
    const taken = readDomain(host.only.live ?? "").devices.flatMap(({ base = "0x1", size }) =>
      BigInt(base) % bytes === 0n && size % block === 0 ? range(Number(BigInt(base) / bytes), size) : [],
    );
    return [
      ...range(0, 1024 * MIB).map((index) => ({ "phys-index": index, online: true })),
      ...taken.map((index) => ({ "phys-index": index, online })),
    ];
  };
}

/** What is attached beside Pulumi, of 4 GiB and so many MiB on. */
function plugged(alias: string, slot: number, mib: number, mibAbove4Gib: number): void {
  const { uuid, live = "" } = host.only;
  const base = `0x${((4096 + mibAbove4Gib) * MIB * 1024).toString(16)}`;
  const device = dimmXml({ size: mib * MIB, node: 0, alias, slot, base });
  host.change(uuid, { live: live.replace("</devices>", `${device}</devices>`) });
  host.guestGivesUp.add(alias);
}

/** Another tool's DIMM of odd size, and one of this provider that QEMU put right behind it. */
function plugMisplaced(): void {
  plugged("dimm0", 0, 100, 0);
  plugged("ua-pulumi-dimm1", 1, 256, 100);
}

const liveDevices = () =>
  readDomain(host.only.live ?? "").devices.map(({ alias, base, size }) => [alias, size / MIB, base]);
const REJECTED =
  "the guest rejected ua-pulumi-dimm1 (a 256 MiB DIMM in slot 1 at 0x106400000): its address is not a multiple of the guest's memory block of 128 MiB";

const HEALED = [
  ["dimm0", 100, "0x100000000"],
  ["ua-pulumi-dimm1", 256, "0x108000000"],
];

test("a guest agent that starts after the attach makes no difference for a refresh", async () => {
  host.agent = undefined;
  await stack.up({ ...args, memory: "1280MiB", hotplug: { awaitGuest: false } });
  const { uuid, live = "" } = host.only;
  const place = `$1 base='0x100000000'`;
  host.change(uuid, { live: live.replace(/(<address type=.dimm. slot=.0.)/, place) });
  await stack.refresh();
  const before = structuredClone(stack.recorded);
  bootGuest();
  await stack.refresh();
  expect(stack.recorded).toEqual(before);
  expect(host.calls.at(-1)).toBe("agentCommand");
});

test("a guest that wasn't waited for has not rejected what it hasn't taken yet", async () => {
  plugged("dimm0", 0, 100, 0);
  host.agent = ({ execute }) => (execute === "guest-get-memory-block-info" ? { size: BLOCK * 1024 } : []);
  await stack.up({ ...grown, hotplug: { awaitGuest: false } });
  const devices = stack.recorded.outputs.memoryDevices as { alias: string }[];
  expect(devices.find(({ alias }) => alias === "ua-pulumi-dimm1")).toMatchObject({ base: "0x108000000" });
  expect(devices.map((device) => ["taken" in device, device.alias])).toEqual([
    [true, "dimm0"],
    [false, "ua-pulumi-dimm1"],
  ]);
});

describe("a DIMM of this provider that the guest rejected", () => {
  beforeEach(async () => {
    plugMisplaced();
    await stack.refresh();
  });

  test("is reported by a refresh, with its address and the reason, and in the outputs", () => {
    expect(stack.run.messages).toMatchObject([
      {
        severity: "warning",
        text: "the guest rejected dimm0 (a 100 MiB DIMM in slot 0 at 0x100000000, not managed by this provider): its size is not a multiple of the guest's memory block of 128 MiB",
      },
      {
        severity: "warning",
        text: REJECTED,
      },
    ]);
    expect(stack.recorded.outputs).toMatchObject({
      memoryDevices: [
        { alias: "dimm0", taken: false },
        { alias: "ua-pulumi-dimm1", taken: false },
      ],
    });
  });

  test("is re-plugged by the next up at a free address, and then nothing is left to do", async () => {
    expect(await stack.up(grown)).toBe("update");
    expect(stack.run.said).toEqual([
      expect.stringMatching(/^live: repairs 1 DIMM .*\nre-plug ua-pulumi-dimm1 .* at 0x108000000/),
      confirmedByAgent("attached 256 MiB in slot 1", "1280 MiB"),
    ]);
    expect(liveDevices()).toEqual(HEALED);
    expect(stack.recorded.outputs).toMatchObject({
      guestMemory: "1280MiB",
      memoryDevices: [{ taken: false }, { alias: "ua-pulumi-dimm1", taken: true }],
    });
    const before = structuredClone(stack.recorded);
    await stack.refresh();
    expect(stack.recorded).toEqual(before);
    expect(await stack.up(grown)).toBe("same");
  });

  test("is repaired in a preview without a host, but not in an update whose guest doesn't answer", async () => {
    stack.hosts = { "qemu:///system": new ConnectionError("nobody answers") };
    expect(await stack.preview(grown)).toMatchObject({ kind: "update", replaces: [] });
    expect(stack.run.said).toEqual([
      expect.stringMatching(
        /^live: repairs 1 DIMM .*\nre-plug ua-pulumi-dimm1 [\s\S]*\nplanned from the state only/,
      ),
    ]);
    stack.hosts = { "qemu:///system": host };
    host.agent = undefined;
    const before = liveDevices();
    await stack.up(grown);
    expect(liveDevices()).toEqual(before);
    expect(host.calls).not.toContain("detachDevice");
    bootGuest();
    await stack.refresh();
    await stack.up(grown);
    expect(liveDevices()).toEqual(HEALED);
    expect(await stack.up(grown)).toBe("same");
  });

  test("is repaired even if nothing else changes: a preview plans it from the state", async () => {
    await stack.up({ ...grown, hotplug: { awaitGuest: 1, heal: false } });
    const healing = { ...grown, hotplug: { awaitGuest: 1 } };
    expect(await stack.preview(healing)).toMatchObject({ kind: "update" });
    expect(stack.run.said).toEqual([
      expect.stringMatching(/^live: repairs 1 DIMM .*\nre-plug ua-pulumi-dimm1/),
    ]);
    await stack.up(healing);
    expect(liveDevices()).toEqual(HEALED);
  });

  test("is only reported with hotplug.heal: false, by each preview", async () => {
    const stays = { ...grown, hotplug: { awaitGuest: 1, heal: false } };
    await stack.up(stays);
    expect(host.calls).not.toContain("detachDevice");
    expect(await stack.up(stays)).toBe("same");
    expect(stack.run.said.at(-1)).toBe(`${REJECTED}; hotplug.heal is false, so it stays`);
  });

  test("is left alone while the agent doesn't answer: nothing is removed because of an old report", async () => {
    host.agent = undefined;
    expect(await stack.up(grown)).toBe("update");
    expect(host.calls).not.toContain("detachDevice");
    expect(stack.recorded.outputs).toMatchObject({
      liveMemory: "1380MiB",
      nextBootMemory: "1380MiB",
    });
  });

  test("is re-plugged by the next run, if one was killed after the removal", async () => {
    const attach = host.attachDevice.bind(host);
    host.attachDevice = () => Promise.reject(new Error("killed"));
    await expect(stack.up(grown)).rejects.toThrow(
      /killed .already done: remove the 256 MiB DIMM from slot 1/,
    );
    expect(stack.recorded).toMatchObject({ isPartial: true, outputs: { liveMemory: "1124MiB" } });
    host.attachDevice = attach;
    await stack.up(grown);
    expect(liveDevices()).toEqual(HEALED);
    expect(await stack.up(grown)).toBe("same");
  });
});

test("memory that an earlier update waited for is not counted twice when its DIMM is re-plugged", async () => {
  plugged("dimm0", 0, 100, 0);
  // QEMU's own choice, as an older version left it: off the blocks.
  const attach = host.attachDevice.bind(host);
  host.attachDevice = (domain, xml, where) =>
    attach(domain, xml.replace(/base='.*?'/, "base='0x106400000'"), where);
  await expect(stack.up(grown)).rejects.toThrow(/the guest has no memory blocks for 256 MiB/);
  host.attachDevice = attach;
  host.guestGivesUp.add("ua-pulumi-dimm1");
  await stack.up(grown);
  expect(stack.run.said.at(-1)).toBe(confirmedByAgent("attached 256 MiB in slot 1", "1280 MiB"));
  expect(await stack.up(grown)).toBe("same");
});

test("a rejected DIMM of another tool that is in the way is removed, without asking the guest", async () => {
  plugged("dimm0", 0, 100, 0);
  await stack.refresh();
  await stack.up(args);
  expect(liveDevices()).toEqual([]);
  expect(stack.run.said).toEqual([
    expect.stringMatching(/^live: 1124 → 1024 MiB, repairs 1 DIMM .*\nremove dimm0 /),
    "removed 100 MiB from slot 0; the guest has 1 GiB (reported by the guest agent)",
  ]);
  expect(await stack.up(args)).toBe("same");
});

test("a refresh that reaches an agent for the first time, or finds the domain restarted, changes nothing", async () => {
  const before = structuredClone(stack.recorded);
  await stack.refresh();
  expect(stack.recorded).toEqual(before);
  const { uuid } = host.only;
  host.turnOff(uuid);
  host.boot(uuid);
  await stack.refresh();
  expect(stack.recorded).toEqual(before);
});

describe("the guest's own memory block", () => {
  const half = { ...args, memory: "1280MiB" };

  test("is recorded, and counts while the agent doesn't answer until the domain is restarted", async () => {
    bootGuest({ block: 512 * MIB });
    await stack.refresh();
    expect(stack.recorded.outputs).toMatchObject({ __observed: { live: { guestBlock: 512 * MIB } } });
    host.agent = undefined;
    await stack.refresh();
    const { inputs } = await stack.preview({ ...half, hotplug: { whenNotPossible: "nextBoot" } });
    expect(stack.run.said).toEqual([
      expect.stringContaining(
        "not a multiple of 512 MiB (the guest's memory block, reported by the guest agent)",
      ),
    ]);
    expect(inputs.memory).toBe("1280MiB");
  });

  test("is forgotten when the domain was restarted", async () => {
    bootGuest({ block: 512 * MIB });
    await stack.refresh();
    const { uuid } = host.only;
    host.turnOff(uuid);
    host.boot(uuid);
    host.agent = undefined;
    await stack.refresh();
    await stack.up(half);
    expect(stack.recorded.outputs).toMatchObject({ liveMemory: "1280MiB" });
  });

  test("is asked for in the preview's look, before any attach", async () => {
    bootGuest({ block: 512 * MIB });
    const refused = stack.preview({ ...half, hotplug: { whenNotPossible: "error" } });
    await expect(refused).rejects.toThrow("not a multiple of 512 MiB");
    expect(host.calls).not.toContain("attachDevice");
  });
});
