import { expect, test } from "vitest";
import { readHost } from "../../provider/observe/host.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";

test("a host's architecture, and what it runs with KVM", async () => {
  const host = readHost(await new FakeHypervisor().capabilities());
  expect(host).toEqual({ arch: "x86_64", kvm: new Set(["x86_64"]), machines: expect.any(Map) });
  expect([...host.machines.keys()]).toEqual(["x86_64", "aarch64"]);
  expect(host.machines.get("aarch64")).toEqual(["virt-7.2", "virt"]);
});
