import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { forgetCalls } from "../support/changes.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { created, type OneResource } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

/** Every case is a create and two updates. */
const MIB = 1024;

/** Calls that change a domain. */
const CHANGES =
  /^(start|shutdown|destroy|attachDevice|detachDevice|updateDevice|setMemory|setAutostart|undefine|suspend|resume)$/;

/** A host that checks definitions as libvirt does, and notes what is done to the domain. */
function strict(host: FakeHypervisor, done: string[]): void {
  const { uuid } = host.only;
  const define = host.define.bind(host);
  host.define = async (xml) => {
    const { cells, devices, maxMemory, vcpus, machine, uuid: defined } = readDomain(xml);
    const whole = [...cells.map(({ memory }) => memory), ...devices.map(({ size }) => size)];
    const total = whole.reduce((a, b) => a + b, 0);
    if (maxMemory !== undefined && maxMemory.size < total)
      throw libvirtError(
        ErrorCode.XML_ERROR,
        "maximum memory size must be equal or greater than the actual memory size",
      );
    if (vcpus > 288) throw libvirtError(ErrorCode.CONFIG_UNSUPPORTED, "Maximum CPUs greater than limit");
    if (machine === "pc-q35-99.9")
      throw libvirtError(ErrorCode.INVALID_ARG, "the machine 'pc-q35-99.9' is not supported");
    if (isKept(xml)) return define(xml);
    done.push(defined === uuid ? "define" : "probe");
    return define(xml);
  };
  const { calls, about } = host;
  const push = calls.push.bind(calls);
  calls.push = (name) => {
    // The domain is added after the call.
    queueMicrotask(() => {
      if (CHANGES.test(name) && about.at(-1) === uuid) done.push(name);
    });
    return push(name);
  };
}

function isKept(xml: string): boolean {
  return xml.includes("-kept-");
}

/** A definition without its identity and metadata. */
function hardwareOf(xml: string): string {
  return xml.replace(/<(name|uuid|metadata)>.*?<\/\1>\s*/gs, "");
}

const size = (mib: number) => `${mib}MiB`;

/** Programs whose change is live, waits for the next boot, restarts, stops or starts the domain, and any of that together. */
const program = fc.record(
  {
    memory: fc.constantFrom(size(512), size(600), size(768), size(1024)),
    maxMemory: fc.constantFrom(size(1024), size(1500), size(4096)),
    vcpus: fc.constantFrom(2, 4),
    description: fc.constantFrom("shop", "store"),
    autostart: fc.boolean(),
    running: fc.boolean(),
    currentMemory: fc.constantFrom(size(256), size(512)),
    machine: fc.constantFrom("pc-q35-7.2", "pc-q35-5.0"),
    numa: fc.constantFrom(
      [{ memory: size(512) }],
      [{ memory: size(256) }, { memory: size(256) }],
      [{ memory: size(128) }, { memory: size(128) }, { memory: size(128) }],
    ),
    device: fc.constantFrom("dimm", "virtio-mem"),
    whenNotPossible: fc.constantFrom("restart", "nextBoot"),
    allowUnplug: fc.boolean(),
  },
  { requiredKeys: ["memory", "maxMemory", "whenNotPossible"] },
);

type Program = typeof program extends fc.Arbitrary<infer One> ? One : never;

function argsOf({ device, whenNotPossible, allowUnplug, ...args }: Program): Record<string, unknown> {
  const { currentMemory, ...rest } = args;
  const isElastic = device === "virtio-mem";
  return {
    ...{ vcpus: 2, ...rest },
    ...(currentMemory !== undefined && !isElastic && { currentMemory }),
    hotplug: {
      ...{ whenNotPossible, awaitGuest: false, allowUnplug: allowUnplug === true },
      ...(isElastic && { device }),
    },
  };
}

/** An `up` from one program to another, and what it did to the domain; undefined where there is no such update. */
async function change(before: Program, after: Program, prepare: (host: FakeHypervisor) => void = () => {}) {
  const { host, stack } = await created(argsOf(before)).catch(() => ({ host: undefined, stack: undefined }));
  if (host === undefined) return undefined;
  for (const slot of [0, 1, 2, 3]) host.guestGivesUp.add(`ua-pulumi-dimm${slot}`);
  const done: string[] = [];
  strict(host, done);
  prepare(host);
  const args = argsOf(after);
  const preview = await stack.preview(args).catch(() => undefined);
  if (preview === undefined || preview.kind === "replace") return undefined;
  done.length = 0;
  const domain = structuredClone(host.only);
  const result = await stack.up(args).catch((error: Error) => error);
  return { host, stack, done, result, domain, args };
}

describe("whatever changes", () => {
  property.prop([program, program], cases(60))(
    "is one definition, found acceptable first, and then nothing is left",
    async (before, after) => {
      const ran = await change(before, after);
      if (ran === undefined) return;
      const { stack, done, result, args } = ran;
      if (result instanceof Error) throw result;
      expect(done.filter((call) => call === "define").length).toBeLessThanOrEqual(1);
      if (done.includes("define")) expect(done[0]).toBe("probe");
      expect(await stack.up(args)).toBe("same");
    },
  );

  property.prop([program, program], cases(60))("and is refused, changes nothing", async (before, after) => {
    const ran = await change(before, after, (host) => {
      const define = host.define.bind(host);
      host.define = (xml) =>
        xml.includes("-probe-")
          ? Promise.reject(libvirtError(ErrorCode.XML_ERROR, `no: ${hardwareOf(xml)}`))
          : define(xml);
    });
    if (ran === undefined) return;
    const { host, stack, done, result, domain } = ran;
    // What libvirt refuses in the present definition too isn't a reason, unless the domain has to start with it.
    if (!(result instanceof Error)) {
      expect(hardwareOf(host.only.inactive ?? "")).toBe(hardwareOf(domain.inactive ?? ""));
      return;
    }
    expect(result.message).toContain("nothing was changed");
    expect(done.filter((call) => call !== "probe")).toEqual([]);
    expect([host.only, stack.recorded.isPartial]).toEqual([domain, false]);
  });
});

describe("what libvirt refuses", () => {
  const args = { memory: "256MiB", maxMemory: "2GiB", vcpus: 2 };
  const done: string[] = [];
  let host: FakeHypervisor;
  let stack: OneResource;

  beforeEach(async () => {
    ({ host, stack } = await created(args));
    done.length = 0;
    strict(host, done);
    // Only the define itself shows it.
    host.refuses.set("domainCapabilities", libvirtError(ErrorCode.NO_SUPPORT, "not supported"));
  });

  test.each<[string, object]>([
    ["a restart", { memory: "300MiB", hotplug: { whenNotPossible: "restart" } }],
    ["a shutdown", { running: false }],
    ["a live growth", { memory: "512MiB" }],
    [
      "a live growth by virtio-mem",
      { memory: "512MiB", hotplug: { device: "virtio-mem", whenNotPossible: "restart" } },
    ],
    ["a balloon target", { currentMemory: "200MiB" }],
    ["autostart", { autostart: true }],
  ])("is refused before %s, which the same program asks for", async (_, other) => {
    const domain = structuredClone(host.only);
    await expect(stack.up({ ...args, ...other, machine: "pc-q35-99.9" })).rejects.toMatchObject({
      code: "definition-refused",
      message: expect.stringMatching(/'pc-q35-99\.9' is not supported; nothing was changed$/),
    });
    expect(done.filter((call) => call !== "probe")).toEqual([]);
    expect([host.only, stack.recorded.isPartial]).toEqual([domain, false]);
  });
});

describe("a restart", () => {
  const args = { memory: "256MiB", maxMemory: "2GiB", vcpus: 2, hotplug: { whenNotPossible: "restart" } };
  const larger = { ...args, memory: "300MiB", vcpus: 4, cpu: "Nehalem", description: "shop" };
  let host: FakeHypervisor;
  let stack: OneResource;

  beforeEach(async () => {
    ({ host, stack } = await created(args));
    forgetCalls(host);
  });

  const count = (call: string) =>
    host.calls.filter((name, index) => name === call && host.about[index] === host.only.uuid).length;

  test("brings every other argument along, as its preview says", async () => {
    await stack.up(larger);
    expect(stack.run.said).toEqual([
      expect.stringMatching(/^restart: 256 → 300 MiB .*; vCPUs in the definition; also changes cpu\n/),
    ]);
    expect(stack.run.said[0]).toContain("restart: cpu, with the same restart");
    expect(stack.run.said[0]).not.toContain("next boot:");
    expect(readDomain(host.only.live ?? "")).toMatchObject({ memory: 300 * MIB, currentVcpus: 4 });
    expect([count("shutdown"), count("define"), count("start")]).toEqual([1, 1, 1]);
    expect(await stack.up(larger)).toBe("same");
    expect(host.domains.size).toBe(1);
  });

  test("whose domain doesn't start puts the old definition back and starts that", async () => {
    const { inactive } = host.only;
    const start = host.start.bind(host);
    host.start = (domain) =>
      readDomain(host.only.inactive ?? "").currentVcpus === 4
        ? Promise.reject(libvirtError(ErrorCode.INTERNAL, "qemu unexpectedly closed the monitor"))
        : start(domain);
    // Two domains while the old definition is kept.
    Object.defineProperty(host, "only", { get: () => host.domains.get(uuid) });
    const { uuid } = [...host.domains.values()][0] ?? { uuid: "" };
    await expect(stack.up(larger)).rejects.toThrow(
      /qemu unexpectedly closed the monitor; the previous definition was put back, and the domain started with it/,
    );
    expect(host.domains.size).toBe(1);
    expect(readDomain(host.only.live ?? "")).toMatchObject({ memory: 256 * MIB, currentVcpus: 2 });
    expect(readDomain(host.only.inactive ?? "")).toMatchObject(readDomain(inactive ?? ""));
    expect(stack.recorded).toMatchObject({
      isPartial: true,
      outputs: { liveMemory: "256MiB", nextBootMemory: "256MiB", vcpus: 2 },
    });
    await stack.preview(larger);
    expect(stack.run.rows[0]).toMatch(/^restart: 256 → 300 MiB/);
  });

  test("of a guest that doesn't shut down changes nothing", async () => {
    const domain = structuredClone(host.only);
    host.guestObeysShutdown = false;
    await expect(stack.up({ ...larger, shutdownTimeout: 5 })).rejects.toThrow("did not shut down within 5 s");
    expect([host.only, stack.recorded.isPartial]).toEqual([domain, true]);
  });
});

describe("a change of the nodes is one definition", () => {
  const two = [{ memory: "256MiB" }, { memory: "256MiB" }];

  test.each(["dimm", "virtio-mem"])("of 512 of at most 600 MiB, with %s", async (device) => {
    const args = {
      ...{ memory: "512MiB", maxMemory: device === "dimm" ? "600MiB" : "1GiB", vcpus: 2 },
      hotplug: { device, whenNotPossible: "restart" },
    };
    const { host, stack } = await created(args);
    const done: string[] = [];
    strict(host, done);
    await stack.up({ ...args, numa: two });
    expect(done.filter((call) => call === "define")).toEqual(["define"]);
    expect(readDomain(host.only.live ?? "").cells).toMatchObject([
      { memory: 256 * MIB },
      { memory: 256 * MIB },
    ]);
    expect(await stack.up({ ...args, numa: two })).toBe("same");
  });
});
