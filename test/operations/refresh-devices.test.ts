import { beforeEach, describe, expect, test } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { createdLinux } from "../support/growing-linux.ts";
import { OneResource } from "../support/one-resource.ts";

const GIB = 2 ** 30;
const FILE = "/images/data.qcow2";
const ARGS = {
  memory: "1003MiB",
  maxMemory: "8GiB",
  shutdownTimeout: 0,
  hotplug: { awaitGuest: false as const },
};

let host: FakeHypervisor;
let stack: OneResource;
beforeEach(() => {
  host = new FakeHypervisor();
  stack = new OneResource(host);
});

/** Somebody else changes the domain. */
function edit(change: (xml: string) => string, where: ("live" | "inactive")[] = ["live", "inactive"]) {
  const domain = host.only;
  for (const which of where) {
    const xml = domain[which] ?? "";
    expect(change(xml)).not.toBe(xml);
    host.domains.set(domain.uuid, { ...host.only, [which]: change(xml) });
  }
}

describe("an image with a size", () => {
  const program = { ...ARGS, disks: [{ file: FILE, size: "20GiB" }] };
  beforeEach(async () => {
    host.addImage(FILE, { capacity: 20 * GIB });
    await stack.up(program);
  });

  test("that somebody made smaller is shown, and grown again by the next update", async () => {
    host.addImage(FILE, { capacity: 5 * GIB });
    await stack.refresh();
    expect(stack.recorded.inputs.disks).toEqual([{ file: FILE, size: "5120MiB" }]);
    await stack.refresh();
    expect(stack.recorded.inputs.disks).toEqual([{ file: FILE, size: "5120MiB" }]);
    expect(await stack.up(program)).toBe("update");
    expect(stack.run.rows[0]).toMatch(/disk \/images\/data\.qcow2 5 → 20 GiB/);
    expect(host.images.get(FILE)?.capacity).toBe(20 * GIB);
    expect(await stack.up(program)).toBe("same");
  });

  test("that somebody made larger has what the program asks for", async () => {
    host.addImage(FILE, { capacity: 30 * GIB });
    await stack.refresh();
    expect(stack.run.rows).toEqual([]);
    expect(await stack.up(program)).toBe("same");
  });

  test("is asked for once in a refresh, and one without a size isn't", async () => {
    host.calls.length = 0;
    await stack.refresh();
    expect(host.calls.filter((call) => call === "blockInfo")).toHaveLength(1);
    await stack.up({ ...ARGS, disks: [{ file: FILE }] });
    host.calls.length = 0;
    await stack.refresh();
    expect(host.calls).not.toContain("blockInfo");
  });
});

test("a card that somebody connected to another network is named, and connected back", async () => {
  const program = { ...ARGS, interfaces: [{ name: "lan", network: "default" }] };
  await stack.up(program);
  edit((xml) => xml.replace("network='default'", "network='guests'"));
  await stack.refresh();
  expect(stack.run.rows).toContain(
    'interface "lan" (network "guests") isn\'t what the program sets, which is interface "lan" (network "default")',
  );
  await stack.up(program);
  expect(host.only.live).toContain("network='default'");
  await stack.refresh();
  expect(stack.run.rows).toEqual([]);
});

test("a medium that somebody inserted is named", async () => {
  const program = { ...ARGS, disks: [{ name: "cd", device: "cdrom", file: "/a.iso" }] };
  await stack.up(program);
  edit((xml) => xml.replace("/a.iso", "/b.iso"), ["live"]);
  await stack.refresh();
  expect(stack.run.rows).toContain(
    'CD-ROM "cd" (/b.iso) isn\'t what the program sets, which is CD-ROM "cd" (/a.iso)',
  );
});

test("devices that are as the program sets them are not named", async () => {
  const program = {
    ...ARGS,
    disks: [
      { file: FILE },
      { file: "/b.raw", format: "raw", bus: "scsi", readOnly: true },
      { device: "cdrom" },
    ],
    interfaces: [{ user: true }, { network: "default", link: "down" }],
  };
  await stack.up(program);
  await stack.refresh();
  expect(stack.run.rows).toEqual([]);
});

test("a topology that somebody edited is shown, and set again", async () => {
  const program = { ...ARGS, vcpus: 2, maxVcpus: 8, cpuTopology: { sockets: 2, cores: 4 } };
  await stack.up(program);
  edit(
    (xml) => xml.replace(/<topology sockets='2'([^>]*)cores='4'/, "<topology sockets='4'$1cores='2'"),
    ["inactive"],
  );
  await stack.refresh();
  expect(stack.recorded.inputs.cpuTopology).toEqual({ sockets: 4, cores: 2 });
  expect(await stack.up(program)).toBe("update");
  expect(host.only.inactive).toMatch(/<topology sockets='2'[^>]*cores='4'/);
  await stack.refresh();
  expect(await stack.up(program)).toBe("same");
});

describe("the vCPUs of a guest", () => {
  const args = { memory: "1GiB", maxMemory: "4GiB", vcpus: 2, arch: "x86_64", shutdownTimeout: 0 };

  test("that it has by now are known after a refresh, and no update waits for them", async () => {
    const { stack: one, guest } = await createdLinux(args);
    guest.stuckVcpus.add(3);
    await expect(one.up({ ...args, vcpus: 4 })).rejects.toThrow("1 vCPU is offline");
    guest.stuckVcpus.clear();
    guest.setVcpu(3, true);
    await one.refresh();
    expect(one.recorded.outputs).toMatchObject({ guestVcpus: 4, __guestVcpus: { online: 4 } });
    expect(one.recorded.outputs.__guestVcpus).not.toHaveProperty("missing");
    expect(await one.up({ ...args, vcpus: 4 })).toBe("same");
  });

  test("that it lost since are shown, and brought online by the next update", async () => {
    const { stack: one, guest } = await createdLinux(args);
    await one.up({ ...args, vcpus: 4 });
    guest.setVcpu(3, false);
    await one.refresh();
    expect(one.recorded.outputs).toMatchObject({ guestVcpus: 3, __guestVcpus: { online: 3, missing: 1 } });
    expect(one.run.rows).toContain(
      "the guest lacks 1 vCPU of its domain; the guest agent is asked to bring them online",
    );
    expect(await one.up({ ...args, vcpus: 4 })).toBe("update");
    expect(guest.onlineVcpus).toEqual([0, 1, 2, 3]);
  });
});
