import { beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import type { UserError } from "../../provider/errors.ts";
import { ConnectionError, ErrorCode } from "../../provider/libvirt/errors.ts";
import type { ReasonCode } from "../../provider/plan/reason-codes.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { created, OneResource, Run, URN, wire } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 };
const FOREIGN = "11111111-2222-4333-8444-555555555555";

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(async () => {
  ({ host, stack } = await created(args));
  host.calls.length = 0;
});

function foreign(name: string, uuid = FOREIGN, urn?: string): void {
  const metadata = urn
    ? `<metadata><hotplug:domain xmlns:hotplug='urn:pulumi-libvirt-hotplug:domain:1' version='1' urn='${urn}'/></metadata>`
    : "";
  const inactive = `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid>${metadata}<memory unit='MiB'>64</memory></domain>`;
  host.domains.set(uuid, { name, uuid, power: "shutoff", autostart: false, inactive });
}

interface Refusal {
  code: ReasonCode | undefined;
  reasons: string[];
}

/** Why preview and up refuse a change; neither changes anything on the host or in the state. */
async function refusal(program: Record<string, unknown>): Promise<Refusal> {
  const before = structuredClone([host.domains, stack.state]);
  const outcomes: Refusal[] = [];
  for (const operation of ["preview", "up"] as const) {
    const error: UserError = await stack[operation](program).then(
      () => expect.unreachable(`${operation} went through`),
      (error) => error,
    );
    const [headline, ...lines] = error.message.split("\n");
    expect(headline).toBe("refused: domain web-1 can't be replaced and is left unchanged");
    expect(lines.pop()).toMatch(/^planned: "replace: .*"$/);
    expect(stack.run.said).toEqual([]);
    outcomes.push({ code: error.code, reasons: lines });
  }
  expect([host.domains, stack.state]).toEqual(before);
  for (const call of ["shutdown", "destroy", "undefine", "define", "setMetadata"])
    expect(host.calls).not.toContain(call);
  expect(outcomes[1]).toEqual(outcomes[0]);
  return outcomes[0] ?? expect.unreachable("nothing was refused");
}

/** The same for a change that is refused for one reason. */
async function reason(change: object, code: ReasonCode = "unsupported-by-host"): Promise<string> {
  const refused = await refusal({ ...args, ...change });
  expect([refused.code, refused.reasons.length]).toEqual([code, 1]);
  return refused.reasons[0] ?? "";
}

const smaller = { memory: "900MiB" };

describe("a replace is refused, with the domain left alone, where", () => {
  test("the machine type isn't supported", async () => {
    expect(await reason({ ...smaller, machine: "pc-q35-99.9" })).toBe(
      `machine "pc-q35-99.9" isn't supported by qemu:///fake for x86_64 (supported: q35, pc, pc-q35-7.2, pc-q35-5.0, pc-q35-4.2, 2 more)`,
    );
  });

  test("the architecture has no emulator", async () => {
    expect(await reason({ arch: "s390x" })).toBe(
      `arch "s390x" isn't supported by qemu:///fake (supported: x86_64, aarch64)`,
    );
  });

  test("the CPU model is unknown", async () => {
    expect(await reason({ ...smaller, cpu: "Cascadelake-Server-v9" })).toBe(
      `cpu "Cascadelake-Server-v9" isn't supported by qemu:///fake for x86_64 domains of type "kvm" (supported: host-passthrough, maximum, host-model, Cascadelake-Server, qemu64, Nehalem)`,
    );
  });

  test("the CPU mode isn't supported", async () => {
    expect(await reason({ arch: "aarch64", cpu: "host-passthrough" })).toBe(
      `cpu "host-passthrough" isn't supported by qemu:///fake for aarch64 domains of type "qemu" (supported: maximum, host-model, qemu64, Nehalem, Cascadelake-Server)`,
    );
  });

  test("there are more vCPUs than the machine type can have", async () => {
    host.supports.maxVcpus = 4;
    expect(await reason({ ...smaller, vcpus: 5, machine: "pc" })).toBe(
      `vcpus 5 isn't supported by qemu:///fake for machine "pc" of x86_64 (supported: up to 4)`,
    );
  });

  test("no firmware of the kind is installed", async () => {
    host.supports.firmware = ["bios"];
    expect(await reason({ firmware: "uefi" })).toBe(
      `firmware "uefi" isn't installed on qemu:///fake for machine "q35" of x86_64 (installed: bios)`,
    );
  });

  test("another domain has the name", async () => {
    foreign("front");
    expect(await reason({ name: "front" }, "name-taken")).toBe(
      `the name "front" is already used by domain ${FOREIGN}, which this provider doesn't manage; set another name, or undefine that domain (virsh undefine) if it isn't needed`,
    );
  });

  test("the old domain is kept, with the UUID of the new one", async () => {
    await stack.up({ ...args, onDelete: "keep" });
    host.calls.length = 0;
    expect(await reason({ name: "front" }, "uuid-taken")).toMatch(
      /^onDelete "keep" leaves the old domain on qemu:\/\/\/fake /,
    );
  });

  test("the emulator of the program's own XML is missing: in libvirt's own words", async () => {
    host.refuses.set(
      "domainCapabilities",
      libvirtError(ErrorCode.SYSTEM_ERROR, "Cannot check QEMU binary /x"),
    );
    const xml = "<domain><devices><emulator>/x</emulator></devices></domain>";
    expect(await reason({ ...smaller, xml })).toBe("Cannot check QEMU binary /x");
  });

  test("all of that together: each reason once", async () => {
    foreign("front");
    const { code, reasons } = await refusal({
      ...{ ...args, name: "front", machine: "pc-q35-99.9", cpu: "NoSuchCpu" },
    });
    expect(code).toBe("name-taken");
    expect(reasons).toEqual([
      expect.stringMatching(/^the name "front" is already used/),
      expect.stringMatching(/^machine "pc-q35-99.9" isn't supported/),
      expect.stringMatching(/^cpu "NoSuchCpu" isn't supported/),
    ]);
  });

  test("the program's own XML asks for it", async () => {
    const xml =
      "<domain><vcpu>300</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><cpu mode='custom'><model fallback='forbid'>NoSuchCpu</model></cpu></domain>";
    const other = { memory: "900MiB", maxMemory: "8GiB", vcpus: undefined, xml };
    const { vcpus: _, ...rest } = { ...args, ...other };
    expect((await refusal(rest)).reasons).toEqual([
      expect.stringMatching(/^vcpus 300 isn't supported/),
      expect.stringMatching(/^cpu "NoSuchCpu" isn't supported/),
    ]);
    expect(host.only.power).toBe("running");
  });
});

describe("a replace is planned where", () => {
  test("the host has what the new domain needs", async () => {
    expect(await stack.up({ ...args, name: "front", machine: "pc", cpu: "qemu64" })).toBe("replace");
    expect(host.only).toMatchObject({ name: "front", power: "running" });
  });

  test.each([
    ["knows no such call", libvirtError(ErrorCode.RPC, "unknown procedure: 342")],
    ["has no such call in its driver", libvirtError(ErrorCode.NO_SUPPORT, "this function is not supported")],
    ["fails to answer", libvirtError(ErrorCode.INTERNAL, "internal error: Failed to probe QEMU")],
    ["runs out of something", libvirtError(ErrorCode.SYSTEM_ERROR, "Cannot allocate memory")],
    ["can't be reached any more", new ConnectionError("the connection is gone")],
  ])("libvirt %s", async (_, error) => {
    host.refuses.set("domainCapabilities", error as never);
    expect(await stack.preview({ ...args, ...smaller, cpu: "NoSuchCpu" })).toMatchObject({ kind: "replace" });
    expect(host.calls).toContain("domainCapabilities");
  });

  test("libvirt may take a similar CPU model", async () => {
    const xml = "<domain><cpu mode='custom'><model>NoSuchCpu</model></cpu></domain>";
    expect(await stack.preview({ ...args, ...smaller, xml })).toMatchObject({ kind: "replace" });
  });

  test("a value isn't known yet: what depends on it is checked in up", async () => {
    foreign("front");
    const unknown = { ...args, name: "front", machine: UNKNOWN };
    await expect(stack.preview(unknown)).rejects.toMatchObject({ code: "name-taken" });
    host.domains.delete(FOREIGN);
    expect(await stack.preview(unknown)).toMatchObject({ kind: "replace" });
    expect(host.calls).not.toContain("domainCapabilities");
  });

  test("the host can't be reached: it is planned from the state only", async () => {
    stack.hosts["qemu:///system"] = new ConnectionError("nobody answers");
    expect(await stack.preview({ ...args, name: "front", cpu: "NoSuchCpu" })).toMatchObject({
      kind: "replace",
    });
    expect(host.calls).toEqual([]);
  });

  test("a refresh calls diff, without check", async () => {
    const { id, outputs, inputs } = stack.recorded;
    const run = new Run(stack.hosts);
    const answer = await run.provider.diff?.(id, wire(outputs), wire({ ...inputs, arch: "s390x" }));
    expect(answer).toEqual({ deleteBeforeReplace: true });
    expect([run.said, run.connections]).toEqual([[], []]);
  });

  test("the domain that has the name is replaced in the same run", async () => {
    const urn = `${URN.slice(0, -1)}2`;
    const other = new OneResource(host, urn);
    await other.up({ ...args, name: "front" });
    const run = new Run(stack.hosts);
    stack.run = run;
    other.run = run;
    const planned = async (of: OneResource, name: string) => {
      const inputs = await of.check(of.recorded.inputs, { ...args, name });
      return run.provider.diff?.(of.recorded.id, wire(of.recorded.outputs), inputs);
    };
    await expect(planned(stack, "front")).rejects.toThrow(
      `the name "front" is already used by domain ${other.recorded.id}, which belongs to ${urn}`,
    );
    expect(await planned(other, "back")).toMatchObject({ replaces: ["name"] });
    expect(await planned(stack, "front")).toMatchObject({ replaces: ["name"] });
  });
});
