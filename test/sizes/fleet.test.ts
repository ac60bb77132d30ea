import { expect, test } from "vitest";
import { dimmXml } from "../../provider/domain/device.ts";
import { fleetOf } from "../../provider/sizes/fleet.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { MIB } from "../support/scene.ts";

const xml = (name: string, uuid: number) => `<domain type="kvm">
  <name>${name}</name>
  <uuid>00000000-0000-4000-8000-00000000000${uuid}</uuid>
  <maxMemory slots="4" unit="GiB">8</maxMemory>
  <memory unit="KiB">${1003 * MIB - 4}</memory>
  <vcpu current="2">4</vcpu>
  <os><type arch="x86_64" machine="q35">hvm</type></os>
  <features><acpi/></features>
  <cpu><numa><cell id="0" cpus="0-3" memory="${1003 * MIB - 4}" unit="KiB"/></numa></cpu>
  <devices/>
</domain>`;

test("the domains of a host have the sizes that they run with, in whole MiB, and nothing changes", async () => {
  const host = new FakeHypervisor();
  await host.define(xml("web-10", 1));
  const running = await host.start(await host.define(xml("web-2", 2)));
  const dimm = { size: 256 * MIB, node: 0, slot: 0, alias: "ua-pulumi-dimm0" };
  await host.attachDevice(running, dimmXml(dimm), { live: true });
  const before = host.calls.length;
  expect(await fleetOf(host)).toEqual([
    { name: "web-2", memory: 1259 * MIB, vcpus: 2 },
    { name: "web-10", memory: 1003 * MIB, vcpus: 2 },
  ]);
  expect(new Set(host.calls.slice(before))).toEqual(new Set(["list", "xml"]));
});
