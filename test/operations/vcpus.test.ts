import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import type { DomainState } from "../../provider/domain/state.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { createdLinux } from "../support/growing-linux.ts";
import { created, type OneResource } from "../support/one-resource.ts";
import type { SimulatedLinux } from "../support/simulated-linux.ts";

const args = { memory: "1GiB", maxMemory: "4GiB", vcpus: 2, arch: "x86_64", shutdownTimeout: 0 };
const MIB = 1024;

let host: FakeHypervisor;
let stack: OneResource;
let guest: SimulatedLinux;

beforeEach(async () => {
  ({ host, stack, guest } = await createdLinux(args));
});

const live = (): DomainState => readDomain(host.only.live ?? "");
const nextBoot = (): DomainState => readDomain(host.only.inactive ?? "");

describe("more vCPUs", () => {
  test("a new domain has room for four times as many, one socket, and all but the first are removable", () => {
    expect(stack.recorded.inputs).toMatchObject({ vcpus: 2, maxVcpus: 8 });
    expect(nextBoot()).toMatchObject({
      vcpus: 8,
      currentVcpus: 2,
      fixedVcpus: "0",
      topology: { sockets: 1, dies: 1, cores: 8, threads: 1 },
      cells: [{ cpus: "0-7" }],
    });
    expect(stack.recorded.outputs.reachableVcpus).toEqual([{ from: 3, to: 8, step: 1 }]);
  });

  test("are added live, brought online by the agent, and defined; a second up does nothing", async () => {
    expect(await stack.up({ ...args, vcpus: 4 })).toBe("update");
    expect(stack.run.rows).toEqual([
      "live: vCPUs 2 → 4 (of at most 8)",
      "added 2 vCPUs; confirmed by the guest agent: 4 vCPUs online",
    ]);
    expect([live().currentVcpus, nextBoot().currentVcpus]).toEqual([4, 4]);
    expect(guest.onlineVcpus).toEqual([0, 1, 2, 3]);
    expect(stack.recorded.outputs).toMatchObject({ vcpus: 4, guestVcpus: 4 });
    host.calls.length = 0;
    expect(await stack.up({ ...args, vcpus: 4 })).toBe("same");
    expect(host.calls).toEqual([]);
  });

  test("and memory are one plan with one headline and one definition", async () => {
    await stack.up({ ...args, memory: "1280MiB", vcpus: 4 });
    expect(stack.run.rows[0]).toMatch(/^live: 1024 → 1280 MiB, one .*; vCPUs 2 → 4$/);
    const changes = host.calls.filter((call) => ["attachDevice", "setVcpus"].includes(call));
    expect(changes).toEqual(["attachDevice", "setVcpus"]);
    expect(live()).toMatchObject({ memory: 1280 * MIB, currentVcpus: 4 });
    expect(nextBoot()).toMatchObject({ memory: 1280 * MIB, currentVcpus: 4, vcpus: 8 });
    expect(await stack.up({ ...args, memory: "1280MiB", vcpus: 4 })).toBe("same");
  });

  test("that the guest can't bring online fail the update, are owed, and are awaited again", async () => {
    guest.stuckVcpus.add(3);
    await expect(stack.up({ ...args, vcpus: 4 })).rejects.toThrow(
      /did not get the number of vCPUs that it should have: added 2 vCPUs; after 60 s .*the guest uses 3 vCPUs, 1 fewer .*1 vCPU is offline/s,
    );
    expect(stack.recorded.outputs).toMatchObject({ guestVcpus: 3, __guestVcpus: { online: 3, missing: 1 } });
    guest.stuckVcpus.clear();
    expect(await stack.up({ ...args, vcpus: 4 })).toBe("update");
    expect(guest.onlineVcpus).toEqual([0, 1, 2, 3]);
    expect(stack.recorded.outputs.__guestVcpus).toMatchObject({ online: 4 });
    expect(await stack.up({ ...args, vcpus: 4 })).toBe("same");
  });

  test("beyond the running domain's maximum take the fallback", async () => {
    const { kind } = await stack.preview({ ...args, vcpus: 16, hotplug: { whenNotPossible: "restart" } });
    expect(kind).toBe("update");
    expect(stack.run.rows[0]).toBe("restart: vCPUs 2 → 16 exceeds the running domain's maximum of 8");
    await stack.up({ ...args, vcpus: 16, hotplug: { whenNotPossible: "restart" } });
    expect(live()).toMatchObject({ vcpus: 64, currentVcpus: 16, topology: { sockets: 1, cores: 64 } });
    expect(await stack.up({ ...args, vcpus: 16, hotplug: { whenNotPossible: "restart" } })).toBe("same");
  });
});

describe("fewer vCPUs", () => {
  const allowed = { ...args, hotplug: { allowUnplug: true } };

  test("are removed live where the program allows it", async () => {
    await stack.up({ ...allowed, vcpus: 4 });
    expect(await stack.up({ ...allowed, vcpus: 1 })).toBe("update");
    expect(stack.run.rows).toEqual([
      "live: vCPUs 4 → 1 (removes vCPUs 1–3)",
      "removed 3 vCPUs; confirmed by the guest agent: 1 vCPU online",
    ]);
    expect([live().currentVcpus, nextBoot().currentVcpus]).toEqual([1, 1]);
    expect(await stack.up({ ...allowed, vcpus: 1 })).toBe("same");
  });

  test("without an answer are recorded, and forbid every further change until a restart", async () => {
    host.guestKeepsVcpus = true;
    await expect(stack.up({ ...allowed, vcpus: 1 })).rejects.toThrow(/no answer from the guest within 60 s/);
    expect(stack.recorded.outputs.__observed).toMatchObject({ vcpuRemoval: { to: 1 } });
    for (const vcpus of [1, 3, 4]) {
      await expect(stack.up({ ...allowed, vcpus })).rejects.toThrow(/got no answer.*shut down and started/s);
      expect(host.only.power).toBe("running");
    }
    await stack.refresh();
    await expect(stack.up({ ...allowed, vcpus: 3 })).rejects.toThrow(/got no answer/);
    host.guestKeepsVcpus = false;
    host.turnOff(host.only.uuid);
    host.boot(host.only.uuid);
    guest.reset();
    await stack.refresh();
    expect(await stack.up({ ...allowed, vcpus: 3 })).toBe("update");
    expect(live().currentVcpus).toBe(3);
  });

  test("aren't touched where the guest has ejected some that libvirt still has", async () => {
    await stack.up({ ...allowed, vcpus: 4 });
    guest.ejectedVcpus.add(3);
    host.calls.length = 0;
    await expect(stack.up({ ...allowed, vcpus: 2 })).rejects.toThrow(
      /the guest lists only 3 vCPUs, but the domain has 4/,
    );
    expect(host.calls).not.toContain("setVcpus");
  });

  test("need hotplug.allowUnplug", async () => {
    await stack.preview({ ...args, vcpus: 1, hotplug: { whenNotPossible: "nextBoot" } });
    expect(stack.run.said.join("\n")).toContain(
      "hotplug.allowUnplug is false (if true, vCPU 1 could be removed)",
    );
  });
});

test("another cpuTopology in the definition is shown by a refresh, and the next up sets the program's again", async () => {
  const program = {
    ...{ memory: "1GiB", maxMemory: "4GiB", vcpus: 2, maxVcpus: 8 },
    cpuTopology: { sockets: 2, cores: 4 },
  };
  const { host, stack } = await created(program);
  const xml = host.only.inactive?.replace(
    /<topology [^>]*>/,
    "<topology sockets='4' dies='1' cores='1' threads='2'/>",
  );
  await host.define(xml ?? "");
  await stack.refresh();
  expect(stack.recorded.inputs.cpuTopology).toEqual({ sockets: 4, cores: 1, threads: 2 });
  await stack.preview(program);
  expect(stack.run.rows).toContain("next boot: cpuTopology 2 sockets of 4 cores, after a shutdown and start");
  expect(await stack.up(program)).toBe("update");
  expect(host.only.inactive).toMatch(/<topology sockets='2' dies='1' cores='4' threads='1'\/>/);
  await stack.refresh();
  expect(stack.recorded.inputs.cpuTopology).toEqual(program.cpuTopology);
  expect(await stack.up(program)).toBe("same");
});
