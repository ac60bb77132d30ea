import { expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ConnectionError, ErrorCode } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { OneResource } from "../support/one-resource.ts";

const ROOM = "starts with 1003 MiB; room for 16 DIMMs, up to 4012 MiB";
const NONE = "starts with 1003 MiB; without room to grow while it runs";
const NOT_KNOWN = "if the host's architecture supports memory hot-plug";
const MICROVM = `${NONE} (the microvm machine type doesn't support memory hot-plug)`;
const ISAPC = `${NONE} (the isapc machine type doesn't support memory hot-plug)`;
const S390X = `${NONE} (s390x machines don't support memory hot-plug)`;

/** A host of another architecture. */
function hostOf(arch: string): FakeHypervisor {
  const host = new FakeHypervisor();
  const capabilities = host.capabilities.bind(host);
  host.capabilities = async () => (await capabilities()).replace(/(<cpu>\s*<arch>)[^<]*/, `$1${arch}`);
  host.domainCapabilities = () =>
    host.failed("domainCapabilities", libvirtError(ErrorCode.NO_SUPPORT, "not supported"));
  return host;
}

/** A program's own XML that sets a machine type and no architecture. */
function xmlWith(machine: string): string {
  return `<domain><os><type machine='${machine}'>hvm</type></os></domain>`;
}

async function previewed(host: FakeHypervisor | Error, program: Record<string, unknown>): Promise<unknown> {
  const stack = new OneResource(host);
  const { inputs } = await stack.preview({ memory: 1003, ...program });
  return inputs.memoryPlan;
}

test.each([
  ["x86_64", {}, ROOM],
  ["x86_64", { machine: "microvm" }, MICROVM],
  ["x86_64", { machine: "q35" }, ROOM],
  ["s390x", {}, S390X],
  ["s390x", { arch: "x86_64" }, ROOM],
  ["riscv64", { machine: "virt" }, `${NONE} (riscv64 machines don't support memory hot-plug)`],
  ["aarch64", { machine: "virt" }, ROOM],
  [
    "aarch64",
    { machine: "virt", firmware: "bios" },
    `${NONE} (needs UEFI, which aarch64 guests require for hot-plug)`,
  ],
])("on a host with %s, %j", async (arch, program, expected) => {
  expect(await previewed(hostOf(arch), program)).toBe(expected);
});

test.each([
  [{}, `${ROOM}; ${NOT_KNOWN}`],
  [{ machine: "virt" }, `${ROOM}; ${NOT_KNOWN}`],
  [{ arch: "x86_64" }, ROOM],
  [{ machine: "q35" }, ROOM],
  [{ machine: "pc-i440fx-7.2" }, ROOM],
  [{ machine: "microvm" }, MICROVM],
  [{ machine: "isapc" }, ISAPC],
  [{ xml: xmlWith("microvm") }, MICROVM],
  [{ xml: xmlWith("s390-ccw-virtio-7.2") }, S390X],
  [{ xml: xmlWith("s390-ccw-virtio-7.2"), machine: "microvm" }, MICROVM],
  [{ machine: "pseries-7.2" }, ROOM],
  [{ machine: "s390-ccw-virtio-7.2" }, S390X],
  [{ hotplug: { enabled: false } }, `${NONE} (hotplug.enabled is false)`],
  [{ maxMemory: 1003 }, NONE],
])("of a host that can't be reached, %j", async (program, expected) => {
  expect(await previewed(new ConnectionError("nobody answers"), program)).toBe(expected);
});

test.each([
  [{}],
  [{ machine: "microvm" }],
  [{ machine: "q35", hotplug: { device: "virtio-mem" } }],
  [{ maxMemory: 1003 }],
  [{ arch: "aarch64", firmware: "bios" }],
])("the create makes what its preview shows: %j", async (program) => {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  const { inputs } = await stack.preview({ memory: 1003, ...program });
  await stack.up({ memory: 1003, ...program });
  const hasRoom = readDomain(host.only.inactive ?? "").maxMemory !== undefined;
  expect(/room for|to grow into/.test(String(inputs.memoryPlan))).toBe(hasRoom);
});

test("the preview of a create names what its host doesn't support, and makes nothing", async () => {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  const args = { memory: "1003MiB", cpu: "NoSuchCpu", vcpus: 4000 };
  await expect(stack.preview(args)).rejects.toThrow(
    /vcpus 4000 isn't supported by .*; cpu "NoSuchCpu" isn't supported/s,
  );
  expect([...host.domains]).toEqual([]);
  expect(host.calls).not.toContain("define");
});

test.each([
  [{ vcpus: 256 }, /vcpus 256 isn't supported by .* \(supported: up to 255\)/],
  [{ vcpus: 2, maxVcpus: 256 }, /maxVcpus 256 isn't supported by .* \(supported: up to 255\)/],
  [{ vcpus: 300, machine: "q35" }, /vcpus 300 isn't supported by .* \(supported: up to 255\)/],
])("the preview of a create on an x86 host without arch: %j", async (args, message) => {
  const stack = new OneResource(new FakeHypervisor());
  await expect(stack.preview({ memory: "1003MiB", ...args })).rejects.toThrow(message);
});

test("what only a start would show is refused unless the domain stays off", async () => {
  const host = new FakeHypervisor();
  host.toNative = () =>
    host.failed("toNative", libvirtError(ErrorCode.CONFIG_UNSUPPORTED, "Memory tuning is not available"));
  await expect(previewed(host, {})).rejects.toThrow("Memory tuning is not available");
  expect(await previewed(host, { running: false })).toBe(ROOM);
});
