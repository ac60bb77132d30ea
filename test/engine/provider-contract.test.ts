import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ProviderHost } from "./hosts/provider-host.ts";
import { startProviderProcess } from "./hosts/provider-process.ts";
import { Monitor } from "./monitor.ts";
import type { Diagnostic } from "./report.ts";
import { newResource, type Resource } from "./stack/resource.ts";
import type { Props } from "./stack/values.ts";

const repository = join(import.meta.dirname, "../..");
const TYPE = "pulumi-nodejs:dynamic/libvirt:Domain";
/** As every state holds it: a contract for ever. */
const PROVIDER = 'exports.handler = () => require("pulumi-libvirt-hotplug/provider").provider';
const project = { dir: "", name: "shop", main: ".", typescript: false, plugins: {} };

let monitor: Monitor;
let said: Diagnostic[];
/** What the host printed. Its readers would see it without the resource's name. */
let printed: string;
let host: ProviderHost;
let nowhere: string;

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(repository, "scripts/build.ts")]);
  project.dir = mkdtempSync(join(tmpdir(), "provider-contract-"));
  nowhere = `qemu:///system?socket=${project.dir}/no-socket`;
  writeFileSync(join(project.dir, "package.json"), "{}");
  mkdirSync(join(project.dir, "node_modules/@pulumi"), { recursive: true });
  symlinkSync(repository, join(project.dir, "node_modules/pulumi-libvirt-hotplug"));
  symlinkSync(
    join(repository, "node_modules/@pulumi/pulumi"),
    join(project.dir, "node_modules/@pulumi/pulumi"),
  );
  monitor = new Monitor(
    { project: "shop", stack: "dev", config: { values: {}, secretKeys: [] }, preview: true, parallel: 4 },
    (diagnostic) => said.push(diagnostic),
  );
  await monitor.listen();
}, 120_000);

afterAll(() => {
  monitor.close();
  rmSync(project.dir, { recursive: true });
});

beforeEach(() => {
  said = [];
  printed = "";
  host = startHost({ "libvirt:uri": nowhere });
});

afterEach(async () => {
  await host.close();
});

/** @pulumi/pulumi's own host of dynamic providers, with this configuration. */
function startHost(inputs: Props): ProviderHost {
  const urn = "urn:pulumi:dev::shop::pulumi:providers:pulumi-nodejs::default";
  const server = startProviderProcess({
    package: "pulumi-nodejs",
    config: {},
    project,
    env: process.env,
    engineAddress: monitor.address,
    onOutput: (text) => {
      printed += text;
    },
  });
  const resource = newResource({ urn, type: "pulumi:providers:pulumi-nodejs", custom: true, inputs });
  const started = new ProviderHost(server);
  started.configure(resource, "default");
  return started;
}

function domain(name: string): Resource {
  return newResource({ urn: `urn:pulumi:dev::shop::${TYPE}::${name}`, type: TYPE, custom: true });
}

/** What the class sends. */
function args(resource: Resource, change: Props = {}): Props {
  return { __provider: PROVIDER, __urn: resource.urn, memory: "1003MiB", maxMemory: "8GiB", ...change };
}

const check = (resource: Resource, change: Props = {}) =>
  host.check(resource, { oldInputs: resource.inputs, inputs: args(resource, change), preview: true });

/** A domain that runs, as a state of version 1 holds it, which knows no maximum of its vCPUs. */
async function recorded(name: string): Promise<Resource> {
  const resource = domain(name);
  const { maxVcpus: _, ...inputs } = (await check(resource)).inputs;
  const view = {
    memory: 1_027_072,
    currentMemory: 1_027_072,
    maxMemory: { size: 8_388_608, slots: 16 },
    cells: [{ id: 0, memory: 1_027_072, cpus: "0" }],
    devices: [],
    vcpus: 1,
    acpi: true,
    uefi: false,
    arch: "x86_64",
    machine: "pc-q35-7.2",
  };
  const observed = { power: "running", persistent: true, live: view, nextBoot: view };
  const outputs = {
    ...inputs,
    uri: nowhere,
    state: "running",
    liveMemory: "1003MiB",
    nextBootMemory: "1003MiB",
    memoryDevices: [],
    reachable: [{ from: "1259MiB", to: "8171MiB", step: "256MiB" }],
    __observed: observed,
    __stateVersion: 1,
  };
  said = [];
  return { ...resource, id: String(inputs.uuid), inputs, outputs };
}

const grow = "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart";
const UNREACHABLE = /\nplanned from the state only; hypervisor unreachable: .*no-socket.*\n/;

describe("the string that states hold, in @pulumi/pulumi's own provider host", () => {
  test("loads the provider from the program's own packages", async () => {
    const { inputs, failures } = await check(domain("web-1"));
    expect(failures).toEqual([]);
    expect(inputs).toEqual({
      __provider: PROVIDER,
      __urn: `urn:pulumi:dev::shop::${TYPE}::web-1`,
      name: "web-1",
      uuid: "b899bb6d-05aa-5ffc-8b90-cc73ab7fee6c",
      memory: "1003MiB",
      maxMemory: "8192MiB",
      memorySlots: 16,
      maxVcpus: 4,
      memoryPlan:
        "starts with 1003 MiB; room for 16 DIMMs, up to 8 GiB; if the host's architecture supports memory hot-plug",
      change: "none",
      memoryChange: "none",
    });
  });

  test("answers calls that come together before the first one has configured it", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `web-${index}`);
    const answers = await Promise.all(names.map((name) => check(domain(name))));
    expect(answers.map(({ inputs }) => inputs.name)).toEqual(names);
    const created = await Promise.allSettled(
      answers.map(({ inputs }, index) => host.create({ ...domain(`web-${index}`), inputs })),
    );
    for (const one of created)
      expect(one).toMatchObject({
        status: "rejected",
        reason: { details: expect.stringContaining("no-socket") },
      });
  });

  test("fails every call alike where the configuration is wrong", async () => {
    await host.close();
    host = startHost({ "libvirt-hotplug:domainType": "xen" });
    const calls = await Promise.allSettled([check(domain("web-1")), check(domain("web-2"))]);
    const details =
      'invalid stack configuration: libvirt-hotplug:domainType: "xen" must be one of "kvm", "qemu"';
    for (const one of calls) expect(one).toMatchObject({ status: "rejected", reason: { details } });
  });

  test("gives all check failures at their paths", async () => {
    const change = { memory: "4GB", hotplug: { alignment: "3MiB" }, memry: 1, disks: [{ file: "a" }] };
    const { failures } = await check(domain("web-1"), change);
    // Pulumi's wire format sorts properties by name, whatever the program's order.
    expect(failures.map(({ property }) => property).toSorted()).toEqual([
      "disks[0].file",
      "hotplug.alignment",
      "memory",
      "memry",
    ]);
  });
});

describe("a stack whose hypervisor is out of reach still previews", () => {
  test("what didn't change: no difference, and not a word", async () => {
    const old = await recorded("web-1");
    const { inputs } = await check(old, { memory: 1003 });
    expect(await host.diff(old, inputs, { unknowns: "keep", ignore: [] })).toMatchObject({
      changes: false,
      replaces: [],
    });
    expect([said, printed]).toEqual([[], ""]);
  });

  test("a growth: an update, with the plan on the resource's own row", async () => {
    const old = await recorded("web-1");
    const { inputs } = await check(old, { memory: "1259MiB" });
    expect(inputs).toMatchObject({
      memoryPlan: "1003 → 1259 MiB",
      change: "unknown",
      memoryChange: "unknown",
    });
    expect(await host.diff(old, inputs, { unknowns: "keep", ignore: [] })).toEqual({
      changes: true,
      replaces: [],
      deleteBeforeReplace: true,
      changedKeys: ["change", "memory", "memoryChange", "memoryPlan"],
    });
    expect(said).toEqual([
      { urn: old.urn, severity: "info", message: expect.stringMatching(UNREACHABLE), ephemeral: false },
    ]);
    expect(said[0]?.message.split("\n")[0]).toBe(grow);
    expect(printed).toBe("");
  });

  test("an unaligned size: a replace that deletes first, with a warning and the reason", async () => {
    const old = await recorded("web-1");
    const { inputs } = await check(old, { memory: "1300MiB" });
    expect(await host.diff(old, inputs, { unknowns: "keep", ignore: [] })).toMatchObject({
      changes: true,
      replaces: ["memory"],
      deleteBeforeReplace: true,
    });
    expect(said).toMatchObject([{ urn: old.urn, severity: "warning" }]);
    expect(said[0]?.message).toContain("the increase of 297 MiB is not a multiple of 256 MiB");
    const again = await check({ ...old, inputs: {} }, { memory: "1300MiB" });
    expect(again.inputs.memoryPlan).toContain("1300 MiB is not a multiple of 256 MiB");
  });

  test("an unaligned size that is to be an error: the plan, and no stack", async () => {
    const old = await recorded("web-1");
    const { inputs } = await check(old, { memory: "1300MiB", hotplug: { whenNotPossible: "error" } });
    await expect(host.diff(old, inputs, { unknowns: "keep", ignore: [] })).rejects.toMatchObject({
      details: expect.stringMatching(
        /^refused: 1003 → 1300 MiB is not a multiple of 256 MiB .*\n.* so nothing is done.*\nplanned from the state only; [^\n]*$/s,
      ),
    });
    expect(printed).not.toMatch(/\n\s+at /);
  });

  test("each resource's messages find its own row", async () => {
    const olds = [await recorded("web-1"), await recorded("web-2")];
    said = [];
    await Promise.all(
      olds.map(async (old) => {
        const { inputs } = await check(old, { memory: "1259MiB" });
        await host.diff(old, inputs, { unknowns: "keep", ignore: [] });
      }),
    );
    expect(said.map(({ urn }) => urn).toSorted()).toEqual(olds.map(({ urn }) => urn));
  });

  test("a refresh is an error, never gone", async () => {
    const old = await recorded("web-1");
    await expect(host.read(old)).rejects.toMatchObject({ details: expect.stringContaining("no-socket") });
  });
});
