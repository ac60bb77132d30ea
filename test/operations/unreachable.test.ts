import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";
import { unreachable } from "../support/texts.ts";

const URI = "qemu:///system";
const args = { memory: "1GiB", maxMemory: "8GiB" };
const BLIND = unreachable("nobody answers");

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(() => {
  host = new FakeHypervisor();
  stack = new OneResource(host);
});

/** The kind of a preview without a route to the host, and what it logs. */
async function blindly(program: Record<string, unknown>): Promise<[kind: string, said: string[]]> {
  stack.hosts = { [URI]: new ConnectionError("nobody answers") };
  const { kind } = await stack.preview(program);
  stack.hosts = { [URI]: host };
  return [kind, stack.run.said];
}

describe("with the hypervisor out of reach, the state has", () => {
  const elastic = { ...args, hotplug: { device: "virtio-mem", awaitGuest: 5 } };

  test("the requested size of virtio-mem that the guest hasn't reached, from which sizes are planned", async () => {
    await stack.up(elastic);
    host.virtioMem.most = 0;
    await expect(stack.up({ ...elastic, memory: "1538MiB" })).rejects.toThrow();
    expect(await blindly({ ...elastic, memory: "1538MiB" })).toEqual([
      "update",
      ["waiting again for the guest: its virtio-mem size still differs from the requested size"],
    ]);
    const [kind, said] = await blindly({ ...elastic, memory: "1280MiB" });
    expect(kind).toBe("update");
    expect(said).toEqual([
      expect.stringMatching(/^live: 1538 → 1280 MiB, virtio-mem on node 0 at 256 of 7168 MiB/),
    ]);
    expect(said[0]?.split("\n")).toContain(BLIND);
    host.virtioMem.most = 2 ** 40;
    expect(await stack.up({ ...elastic, memory: "1280MiB" })).toBe("update");
    expect(await blindly({ ...elastic, memory: "1280MiB" })).toEqual(["same", []]);
  });

  test("the balloon target that hasn't been reached", async () => {
    host.guestObeysBalloon = false;
    const ballooned = { ...args, currentMemory: "512MiB", hotplug: { awaitGuest: false } };
    await stack.up(ballooned);
    expect(await blindly(ballooned)).toEqual(["same", []]);
    const all = { ...ballooned, currentMemory: "1GiB" };
    expect(await blindly(all)).toEqual([
      "update",
      [expect.stringMatching(/^live: balloon target 512 → 1024 MiB, now and at the next boot\n/)],
    ]);
    await stack.up(all);
    expect(host.calls.filter((call) => call === "setMemory")).toHaveLength(2);
    expect(readDomain(host.only.inactive ?? "").currentMemory).toBe(1024 * 1024);
    expect(await blindly(all)).toEqual(["same", []]);
  });
});
