import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { type Observation, observe } from "../../provider/observe/observe.ts";
import type { Step } from "../../provider/plan/plan.ts";
import { runStep } from "../../provider/update/run-step.ts";
import type { StepContext } from "../../provider/update/step-context.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";

const MIB = 1024;
const uuid = "11111111-2222-3333-4444-555555555555";
const domain = { name: "web-1", uuid, id: 1 };
const definition = `<domain type='kvm'>
  <name>web-1</name>
  <uuid>${uuid}</uuid>
  <maxMemory slots='4' unit='KiB'>${8192 * MIB}</maxMemory>
  <memory unit='KiB'>${1003 * MIB}</memory>
  <currentMemory unit='KiB'>${1003 * MIB}</currentMemory>
  <vcpu>2</vcpu>
  <features><acpi/></features>
  <cpu><numa><cell id='0' cpus='0-1' memory='${1003 * MIB}' unit='KiB'/></numa></cpu>
  <devices>
    <graphics type='vnc' passwd='hush'/>
  </devices>
</domain>`;

const dimm = { size: 256 * MIB, node: 0, slot: 0, alias: "ua-pulumi-dimm0" };
const attach: Step = { kind: "attach", dimm, sentence: "attach a DIMM" };
const define: Step = {
  kind: "define",
  definition: {
    memory: 1259 * MIB,
    cells: [{ id: 0, memory: 1259 * MIB }],
    maxMemory: { size: 16384 * MIB, slots: 8 },
    removeAliases: [],
  },
  sentence: "set the definition",
};
const start: Step = { kind: "start", sentence: "start it" };
const stop: Step = { kind: "stop", force: false, sentence: "shut it down" };

let host: FakeHypervisor;
let place: StepContext;

beforeEach(() => {
  host = new FakeHypervisor();
  host.domains.set(uuid, {
    name: "web-1",
    uuid,
    power: "running",
    autostart: false,
    inactive: definition,
    live: definition,
  });
  place = {
    hypervisor: host,
    clock: new FakeClock(),
    domain,
    shutdownTimeout: 60,
    removalTimeout: 5,
    underWay: new Set(),
    hooks: {},
    uri: host.uri,
    balloonTimeout: 1,
    status: async () => {},
    warn: async () => {},
    redefinition: async (present) => present.replace("<vcpu>2<", "<vcpu>4<"),
  };
});

/** A step as the next run tries it, which has just looked at the domain. */
async function tried(step: Step, at: StepContext): Promise<Observation> {
  return runStep(step, at, await observe(host, domain));
}

const count = (call: string) => host.calls.filter((name) => name === call).length;

describe("a step is carried out once, however often it is tried, and answers what was read back", () => {
  test.each<[string, Step, string]>([
    ["attach", attach, "attachDevice"],
    ["start", start, "start"],
    ["stop", stop, "shutdown"],
  ])("%s", async (_, step, call) => {
    if (step === start) host.turnOff(uuid);
    const first = await tried(step, place);
    const second = await tried(step, place);
    expect(second).toEqual(first);
    expect(count(call)).toBe(1);
  });

  test.each<[string, Step]>([
    ["define", define],
    ["redefine", { kind: "redefine", fields: ["vcpus"], sentence: "change vcpus" }],
    ["autostart", { kind: "autostart", on: true, sentence: "turn autostart on" }],
  ])("%s sets, so that a second time changes nothing", async (_, step) => {
    const before = structuredClone(host.only);
    const first = await tried(step, place);
    const after = structuredClone(host.only);
    expect(await tried(step, place)).toEqual(first);
    expect(host.only).toEqual(after);
    expect(after).not.toEqual(before);
    expect(after.live).toBe(before.live);
  });

  test("attach gives the DIMM its slot, node and alias", async () => {
    const { observed } = await tried(attach, place);
    expect(observed.live).toMatchObject({ memory: 1259 * MIB, devices: [{ model: "dimm", ...dimm }] });
    expect(observed.nextBoot).toMatchObject({ memory: 1003 * MIB, devices: [] });
  });

  test("define sets the memory and keeps all else, passwords included", async () => {
    const { observed } = await tried(define, place);
    expect(observed.nextBoot).toMatchObject({
      memory: 1259 * MIB,
      currentMemory: 1259 * MIB,
      maxMemory: { size: 16384 * MIB, slots: 8 },
    });
    expect(host.only.inactive).toContain("<graphics type='vnc' passwd='hush'/>");
    expect(readDomain(host.only.inactive ?? "").vcpus).toBe(2);
  });

  test("define takes our own DIMMs out, and a ceiling that is reached", async () => {
    await host.attachDevice(domain, dimmOf(attach), { config: true });
    const { definition: of } = define as Extract<Step, { kind: "define" }>;
    const { maxMemory: _, ...rest } = of;
    await tried({ ...define, kind: "define", definition: { ...rest, removeAliases: [dimm.alias] } }, place);
    const { devices, memory, maxMemory } = readDomain(host.only.inactive ?? "");
    expect({ devices, memory, maxMemory }).toEqual({
      devices: [],
      memory: 1259 * MIB,
      maxMemory: undefined,
    });
  });
});

function dimmOf(step: Step): string {
  if (step.kind !== "attach") throw new Error("no DIMM");
  const { size, node, slot, alias } = step.dimm;
  return `<memory model='dimm'><target><size unit='KiB'>${size}</size><node>${node}</node></target><alias name='${alias}'/><address type='dimm' slot='${slot}'/></memory>`;
}

describe("a step that fails says what was tried, on which domain, and libvirt's own word", () => {
  test("libvirt refuses the DIMM", async () => {
    const cause = libvirtError(ErrorCode.CONFIG_UNSUPPORTED, "no slots");
    host.refuses.set("attachDevice", cause);
    await expect(tried(attach, place)).rejects.toMatchObject({
      message: "Unable to attach a DIMM (domain web-1): no slots",
      cause,
    });
  });

  test("a DIMM of ours with another size is in its place", async () => {
    await tried(attach, place);
    const bigger: Step = { ...attach, kind: "attach", dimm: { ...dimm, size: 512 * MIB } };
    await expect(tried(bigger, place)).rejects.toThrow(
      "Unable to attach a DIMM (domain web-1): ua-pulumi-dimm0 is there already, with 256 MiB where 512 MiB was wanted",
    );
    expect(count("attachDevice")).toBe(1);
  });

  test("libvirt reports success, and the DIMM isn't there", async () => {
    host.attachDevice = async () => {};
    await expect(tried(attach, place)).rejects.toThrow(
      "Unable to attach a DIMM (domain web-1): libvirt reported success, and ua-pulumi-dimm0 is not in the running domain",
    );
  });

  test("a definition that libvirt refuses leaves the old one in force", async () => {
    host.refuses.set("define", libvirtError(ErrorCode.XML_ERROR, "no"));
    await expect(tried(define, place)).rejects.toThrow("Unable to set the definition (domain web-1): no");
    expect(host.only.inactive).toBe(definition);
  });

  test("the guest doesn't shut down in time, and runs on", async () => {
    host.guestObeysShutdown = false;
    await expect(tried(stop, { ...place, shutdownTimeout: 0 })).rejects.toThrow(
      "Unable to shut it down (domain web-1): the guest did not shut down within 0 s (shutdownTimeout); it still runs",
    );
    expect([host.only.power, host.subscriptions]).toEqual(["running", 0]);
  });

  test("a replace is not carried out here", async () => {
    const replace: Step = { kind: "replace", fields: ["memory"], sentence: "replace it" };
    const present = await observe(host, domain);
    const before = [...host.calls];
    await expect(runStep(replace, place, present)).rejects.toThrow("a replace is the engine's");
    expect(host.calls).toEqual(before);
  });
});
