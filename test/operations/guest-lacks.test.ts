import { beforeEach, describe, expect, test } from "vitest";
import { MIB } from "../support/fake-guest.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { createdLinux, failureOf, GROWING, growing } from "../support/growing-linux.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { created, type OneResource } from "../support/one-resource.ts";
import type { SimulatedLinux } from "../support/simulated-linux.ts";

let host: FakeHypervisor;
let stack: OneResource;
let guest: SimulatedLinux;

beforeEach(async () => {
  ({ host, stack, guest } = await createdLinux());
});

const said = () => stack.run.said.join("\n");

const failure = (program: object) => failureOf(stack, program);

describe("memory that arrived offline while no agent ran", () => {
  beforeEach(async () => {
    guest.onlinesItself = false;
    guest.setAgent("off");
    expect(await failure(growing(1280))).toMatch(
      /256 MiB less than it should have: its balloon driver reports/,
    );
  });

  test("is brought online as soon as there is an agent", async () => {
    guest.setAgent("on");
    expect(await stack.up(growing(1280))).toBe("update");
    expect(said()).toContain("attached earlier; confirmed by the guest agent: 1280 MiB");
    expect(guest.offline).toEqual([]);
    expect(await stack.up(growing(1280))).toBe("same");
  });

  test("is named with the agent's own words while the agent answers with an error", async () => {
    guest.setAgent({
      error: "Command guest-get-memory-blocks has been disabled: the agent is in frozen state",
    });
    expect(await failure(growing(1280))).toContain("the agent is in frozen state");
    guest.setAgent("on");
    await stack.up(growing(1280));
    expect(guest.offline).toEqual([]);
  });

  test("counts as arrived once the balloon driver reports it, whoever brought it online", async () => {
    guest.set(guest.offline, true);
    expect(await stack.up(growing(1280))).toBe("update");
    expect(said()).toContain("confirmed by the guest's balloon driver");
    expect(await stack.up(growing(1280))).toBe("same");
  });

  test("is still missing after a growth that no agent was there for", async () => {
    expect(await failure(growing(1536))).toMatch(/512 MiB less than it should have/);
    guest.setAgent("on");
    await stack.up(growing(1536));
    expect(guest.memory).toBe(1536 * MIB);
  });

  test("is there after the domain was started again", async () => {
    host.turnOff(host.only.uuid);
    host.boot(host.only.uuid);
    guest.reset();
    await stack.refresh();
    await stack.up(growing(1280));
    expect(await stack.up(growing(1280))).toBe("same");
  });
});

describe("a state that an earlier version wrote", () => {
  test("of memory that the balloon driver didn't report is continued by it", async () => {
    guest.onlinesItself = false;
    guest.setAgent("off");
    await failure(growing(1280));
    withoutReserve();
    expect(await failure(growing(1280))).toMatch(/256 MiB less than it should have/);
    withoutReserve();
    guest.set(guest.offline, true);
    await stack.up(growing(1280));
    expect(await stack.up(growing(1280))).toBe("same");
  });

  test("of a guest that had all of it shows what it lacks since", async () => {
    guest.setAgent("off");
    await stack.up(growing(1280));
    withoutReserve();
    guest.onlinesItself = false;
    guest.reset();
    await stack.clock.sleep(2_500);
    await stack.refresh();
    expect(said()).toMatch(/lacks 25[56] MiB of its attached memory/);
  });

  function withoutReserve(): void {
    const record = stack.recorded.outputs.__guest as { reserved?: number };
    expect(record.reserved).toBeGreaterThan(0);
    delete record.reserved;
  }
});

describe("a guest whose balloon has taken memory", () => {
  const ballooned = (mib: number, current: number) => ({ ...growing(mib), currentMemory: `${current}MiB` });

  beforeEach(async () => {
    guest.setAgent("off");
    guest.onlinesItself = false;
    await stack.up(ballooned(1024, 512));
  });

  test("isn't confirmed because of that", async () => {
    expect(await failure(ballooned(1280, 512))).toMatch(/256 MiB less than it should have/);
    expect(await failure(ballooned(1280, 512))).toMatch(/256 MiB less than it should have/);
    guest.setAgent("on");
    await stack.up(ballooned(1280, 512));
    expect(guest.offline).toEqual([]);
    expect(await stack.up(ballooned(1280, 512))).toBe("same");
  });

  test("doesn't lack what the balloon has taken", async () => {
    guest.onlinesItself = true;
    await stack.up(ballooned(1280, 512));
    await stack.clock.sleep(2_500);
    await stack.refresh();
    expect(await stack.up(ballooned(1280, 512))).toBe("same");
    await stack.up(growing(1280));
    await stack.refresh();
    expect(await stack.up(growing(1280))).toBe("same");
  });
});

describe("memory that the guest agent reported as missing", () => {
  beforeEach(async () => {
    guest.onlinesItself = false;
    expect(await failure(growing(1280, { online: "guest" }))).toMatch(
      /2 new memory blocks of 128 MiB are offline/,
    );
    guest.setAgent("off");
  });

  test("is still missing when only the balloon driver reports", async () => {
    expect(await failure(growing(1280, { online: "guest" }))).toMatch(/256 MiB less than it should have/);
  });

  test("is confirmed by the balloon driver", async () => {
    guest.set(guest.offline, true);
    expect(await stack.up(growing(1280, { online: "guest" }))).toBe("update");
    expect(said()).toContain("confirmed by the guest's balloon driver");
    expect(await stack.up(growing(1280, { online: "guest" }))).toBe("same");
  });
});

describe.each(["on", "off"] as const)("a guest that rebooted by itself, with the agent %s", (agent) => {
  beforeEach(async () => {
    guest.setAgent(agent);
    await stack.up(growing(1280));
    guest.onlinesItself = false;
    guest.reset();
    expect(guest.memory).toBe(1024 * MIB);
  });

  test("is seen by a refresh, named by each preview, and put right or named by up", async () => {
    expect(await stack.up(growing(1280))).toBe("same");
    stack.clock.after(0, () => {});
    await stack.clock.sleep(2_500);
    await stack.refresh();
    expect(said()).toMatch(/lacks 256 MiB of its attached memory/);
    expect(stack.recorded.outputs).toMatchObject({ __guest: { missing: { added: 256 * MIB } } });

    host.calls.length = 0;
    expect(await stack.preview(growing(1280))).toMatchObject({ kind: "update" });
    expect(host.calls).toEqual([]);
    expect(said()).toContain("waiting again for the guest: it lacks 256 MiB of the attached memory");

    if (agent === "on") await stack.up(growing(1280));
    else expect(await failure(growing(1280))).toMatch(/256 MiB less than it should have/);
    guest.set(guest.offline, true);
    await stack.up(growing(1280));
    expect(await stack.up(growing(1280))).toBe("same");
    expect(stack.recorded.outputs).not.toHaveProperty("__guest.missing");
  });

  test("isn't reported as grown while its total is short by whole blocks", async () => {
    await stack.clock.sleep(2_500);
    if (agent === "on") {
      await stack.up(growing(1536));
      expect(guest.memory).toBe(1536 * MIB);
    } else expect(await failure(growing(1536))).toMatch(/512 MiB less than it should have/);
  });

  test("isn't reported as shrunk while its total is short by whole blocks", async () => {
    guest.onlinesItself = true;
    guest.reset();
    await stack.clock.sleep(2_500);
    await stack.up(growing(1536));
    guest.onlinesItself = false;
    guest.reset();
    await stack.clock.sleep(2_500);
    host.guestGivesUp.add("ua-pulumi-dimm1");
    expect(await failure(growing(1280))).toMatch(/256 MiB less than it should have/);
    expect(stack.recorded.outputs).toMatchObject({ liveMemory: "1280MiB" });
    guest.setAgent("on");
    await stack.up(growing(1280));
    expect(guest.memory).toBe(1280 * MIB);
  });

  test("owes nothing once it has brought the memory online by itself", async () => {
    await stack.clock.sleep(2_500);
    await stack.refresh();
    guest.set(guest.offline, true);
    await stack.clock.sleep(2_500);
    await stack.refresh();
    expect(stack.recorded.outputs).not.toHaveProperty("__guest.missing");
    expect(await stack.up(growing(1280))).toBe("same");
  });

  test("owes nothing to a program that leaves new memory offline", async () => {
    await stack.clock.sleep(2_500);
    await stack.up(growing(1280, { online: "none" }));
    await stack.refresh();
    expect(await stack.up(growing(1280, { online: "none" }))).toBe("same");
  });

  test("is named, but not waited for, where the program doesn't wait", async () => {
    await stack.up(growing(1280, { awaitGuest: false }));
    await stack.clock.sleep(2_500);
    await stack.refresh();
    expect(said()).toMatch(/lacks 256 MiB of its attached memory.*hotplug.awaitGuest is false/);
    expect(await stack.up(growing(1280, { awaitGuest: false }))).toBe("same");
    expect(said()).toMatch(/lacks 256 MiB of its attached memory; hotplug.awaitGuest is false/);
  });
});

test("blocks that somebody in the guest keeps offline from boot are left alone", async () => {
  guest.set([3], false);
  await stack.up(growing(1280));
  expect(said()).toContain("confirmed by the guest agent: 1152 MiB; 128 MiB is offline in the guest");
  await stack.refresh();
  expect(guest.offline).toEqual([3]);
  expect(await stack.up(growing(1280))).toBe("same");
});

test("part of a DIMM's blocks offline is seen by a refresh, and brought online", async () => {
  await stack.up(growing(1536));
  guest.set([33], false);
  await stack.refresh();
  expect(said()).toMatch(/lacks 128 MiB of its attached memory: 1 memory block is offline/);
  await stack.up(growing(1536));
  expect(guest.offline).toEqual([]);
});

test("blocks that the guest can't bring online fail each update until it has them", async () => {
  await stack.up(growing(1280));
  guest.set([33], false);
  guest.stuck.add(33);
  await stack.refresh();
  expect(await failure(growing(1280))).toContain(
    "could not bring memory block 33 online (operation-failed, error 12)",
  );
  guest.stuck.clear();
  await stack.up(growing(1280));
  expect(await stack.up(growing(1280))).toBe("same");
});

describe("a guest that was paused while memory came", () => {
  beforeEach(async () => {
    guest.onlinesItself = false;
    host.change(host.only.uuid, { power: "paused" });
    expect(await stack.up(growing(1280))).toBe("update");
    expect(said()).toContain("couldn't confirm with the guest: it is paused");
  });

  test("is owed the memory until it has it", async () => {
    expect(await stack.preview(growing(1280))).toMatchObject({ kind: "update" });
    host.change(host.only.uuid, { power: "running" });
    expect(await stack.up(growing(1280))).toBe("update");
    expect(guest.memory).toBe(1280 * MIB);
    expect(await stack.up(growing(1280))).toBe("same");
  });

  test("is owed it after a refresh too, and as the balloon driver reports it", async () => {
    await stack.refresh();
    guest.setAgent("off");
    host.change(host.only.uuid, { power: "running" });
    await stack.clock.sleep(2_500);
    expect(await failure(growing(1280))).toMatch(/256 MiB less than it should have/);
    guest.set(guest.offline, true);
    await stack.up(growing(1280));
    expect(await stack.up(growing(1280))).toBe("same");
  });
});

test("memory that was attached before a later step failed is waited for by the next update", async () => {
  guest.onlinesItself = false;
  host.refuses.set("define", libvirtError(1, "disk full"));
  expect(await failure(growing(1280))).toContain("disk full");
  host.refuses.clear();
  await stack.up(growing(1280));
  expect(guest.memory).toBe(1280 * MIB);
  expect(await stack.up(growing(1280))).toBe("same");
});

describe("virtio-mem after a reset", () => {
  const elastic = { ...GROWING, hotplug: { ...GROWING.hotplug, device: "virtio-mem" } };

  test("whose memory stays offline is seen by a refresh, and brought online by the next update", async () => {
    ({ host, stack, guest } = await createdLinux(elastic));
    await stack.up({ ...elastic, memory: "1280MiB" });
    expect(guest.memory).toBe(1280 * MIB);
    guest.onlinesItself = false;
    guest.reset();
    await stack.refresh();
    expect(said()).toMatch(/lacks 256 MiB of its attached memory: 2 memory blocks are offline/);
    expect(await stack.up({ ...elastic, memory: "1280MiB" })).toBe("update");
    expect(guest.memory).toBe(1280 * MIB);
    expect(await stack.up({ ...elastic, memory: "1280MiB" })).toBe("same");
  });

  test("of which the guest has taken less is seen by a refresh, named by the preview, and waited for by the next update", async () => {
    ({ host, stack } = await created(elastic));
    await stack.up({ ...elastic, memory: "1280MiB" });
    expect(await stack.up({ ...elastic, memory: "1280MiB" })).toBe("same");
    host.virtioMem.most = 0;
    const { uuid, live = "" } = host.only;
    host.change(uuid, { live: live.replace(/<current unit='KiB'>\d+/, "<current unit='KiB'>0") });
    await stack.refresh();
    expect(await stack.preview({ ...elastic, memory: "1280MiB" })).toMatchObject({ kind: "update" });
    expect(said()).toContain("waiting again for the guest: its virtio-mem size still differs");
    await expect(stack.up({ ...elastic, memory: "1280MiB" })).rejects.toThrow(/was not resized completely/);
    host.virtioMem.most = 2 ** 40;
    host.follow(uuid);
    await stack.up({ ...elastic, memory: "1280MiB" });
    expect(await stack.up({ ...elastic, memory: "1280MiB" })).toBe("same");
  });
});

describe('memory and vCPUs that hotplug.online "none" left offline', () => {
  const program = (memory: number, vcpus: number, hotplug: object = {}) => ({
    ...growing(memory, hotplug),
    ...{ vcpus, maxVcpus: 4 },
  });

  beforeEach(async () => {
    guest.onlinesItself = false;
    await stack.up(program(1280, 2, { online: "none" }));
    expect([guest.offline.length, guest.onlineVcpus]).toEqual([2, [0]]);
  });

  test("are brought online by the update that no longer has it, and its preview announces that", async () => {
    await stack.preview(program(1280, 2));
    expect(said()).toContain("waiting again for the guest: it lacks 256 MiB of the attached memory");
    expect(said()).toContain("waiting again for the guest: it lacks 1 vCPU of its domain");
    expect(await stack.up(program(1280, 2))).toBe("update");
    expect([guest.offline, guest.onlineVcpus]).toEqual([[], [0, 1]]);
    expect(stack.recorded.outputs).toMatchObject({ guestMemory: "1280MiB", guestVcpus: 2 });
    await stack.refresh();
    expect(await stack.up(program(1280, 2))).toBe("same");
  });

  test("stay so while the program has it, and where another setting changes", async () => {
    await stack.up(program(1280, 2, { online: "none", alignment: "128MiB" }));
    expect([guest.offline.length, guest.onlineVcpus]).toEqual([2, [0]]);
  });

  test("are awaited beside what another update adds", async () => {
    await stack.up(program(1536, 3));
    expect([guest.offline, guest.onlineVcpus]).toEqual([[], [0, 1, 2]]);
  });

  test("fail the update that the guest refuses them to, and are still owed", async () => {
    guest.stuckVcpus.add(1);
    expect(await failure(program(1280, 2))).toMatch(/1 vCPU is offline/);
    guest.stuckVcpus.clear();
    expect(await stack.up(program(1280, 2))).toBe("update");
    expect(guest.onlineVcpus).toEqual([0, 1]);
  });
});
