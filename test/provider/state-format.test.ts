import { test as property } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Observed } from "../../provider/plan/observed.ts";
import schema from "../../provider/plugin/schema.json" with { type: "json" };
import { packedState, unpackedState } from "../../provider/state-format.ts";
import { canonicalSize } from "../../provider/units/size.ts";
import { DYNAMIC_PROVIDER, PLUGIN_TYPE } from "../../sdk/dynamic-type.ts";
import { anyObserved, anyPowered } from "../support/arbitrary-domain.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created } from "../support/one-resource.ts";
import { PLUGIN_URN, PluginInProcess } from "../support/plugin-in-process.ts";
import { cases } from "../support/properties.ts";
import { ofEight } from "../support/scene.ts";

const state = (observed: Observed, version: number) => ({ __observed: observed, __stateVersion: version });

/** What anyObserved leaves out: cells without CPUs, the mark of the total, several starts. */
const anyDetail = fc.record({
  cpus: fc.constantFrom(undefined, "0", "0-1", "3"),
  id: fc.constantFrom(0, 2),
  written: fc.constantFrom(undefined, "memory" as const, 4096),
  domainId: fc.constantFrom(undefined, 7),
  persistent: fc.boolean(),
  numbers: fc.constantFrom(
    {},
    ofEight(2),
    ofEight(8),
    { vcpus: 8, currentVcpus: 2 },
    { vcpus: 4, topology: { sockets: 1, dies: 1, cores: 2, threads: 2 }, fixedVcpus: "0-1" },
  ),
});

const anyState = fc
  .tuple(fc.oneof(anyObserved, anyPowered), anyDetail, fc.boolean())
  .map(([observed, detail, isSame]): Observed => {
    const { cpus, id, written, domainId, persistent, numbers } = detail;
    const detailed = ({ cells, ...view }: NonNullable<Observed["live"]>) => ({
      ...view,
      ...numbers,
      cells: cells.map((cell, index) => (index > 0 ? cell : without({ ...cell, id, cpus }))),
      ...without({ written: written === "memory" ? view.memory : written }),
    });
    const live = observed.live && detailed(observed.live);
    const nextBoot = isSame && live ? live : observed.nextBoot && detailed(observed.nextBoot);
    return without({
      ...observed,
      live: live && without({ ...live, domainId }),
      nextBoot: persistent || live === undefined ? nextBoot : undefined,
      persistent: persistent || live === undefined,
    }) as Observed;
  });

/** Outputs that the observation may be packed against, which need not be those that it came with. */
const anyOutputs = fc.record({
  isFromView: fc.boolean(),
  others: fc.record({
    liveMemory: fc.constantFrom(undefined, "256MiB", "1KiB"),
    nextBootMemory: fc.constantFrom(undefined, "256MiB"),
    maxMemory: fc.constantFrom(undefined, "8192MiB"),
    memorySlots: fc.constantFrom(undefined, 16),
    vcpus: fc.constantFrom(undefined, 1, 2),
    maxVcpus: fc.constantFrom(undefined, 2, 8),
    arch: fc.constantFrom(undefined, "aarch64"),
    memoryDevices: fc.constantFrom(undefined, [], [{ model: "dimm", size: "256MiB", slot: 0, node: 0 }]),
  }),
});

function outputsOf({ live, nextBoot, saved }: Observed) {
  const canonical = (size: number | undefined) => (size === undefined ? undefined : canonicalSize(size));
  const { maxMemory, vcpus } = live ?? nextBoot ?? {};
  return {
    liveMemory: canonical(live?.memory),
    nextBootMemory: canonical(nextBoot?.memory),
    savedMemory: canonical(saved?.memory),
    maxMemory: canonical(maxMemory?.size),
    memorySlots: maxMemory?.slots,
    vcpus,
    memoryDevices: (live ?? nextBoot)?.devices.map((device) => ({
      ...device,
      size: canonical(device.size),
    })),
  };
}

function without<T extends object>(fields: T): T {
  return JSON.parse(JSON.stringify(fields));
}

describe("the observation in the state", () => {
  property.prop([anyState], cases(500))("is packed without loss, in one form only", (observed) => {
    const packed = packedState(state(observed, 2));
    expect(JSON.parse(JSON.stringify(packed))).toStrictEqual(packed);
    expect(unpackedState(packed).__observed).toEqual(observed);
    expect(packedState(unpackedState(packed))).toStrictEqual(packed);
  });

  property.prop([anyState, anyOutputs], cases(500))(
    "leaves out what the other outputs have, without loss and in one form only",
    (observed, { isFromView, others }) => {
      const outputs = {
        ...without(isFromView ? outputsOf(observed) : {}),
        ...without(others),
        ...state(observed, 3),
      };
      const packed = packedState(outputs);
      expect(JSON.parse(JSON.stringify(packed))).toStrictEqual(packed);
      expect(unpackedState(packed)).toEqual(outputs);
      expect(packedState(unpackedState(packed))).toStrictEqual(packed);
    },
  );

  property.prop([anyState], cases(50))("of format 1 is read and written as it was", (observed) => {
    const old = state(observed, 1);
    expect(unpackedState(old)).toEqual(old);
    expect(packedState(old)).toEqual(old);
  });
});

/** The domain of the benchmark of 300: one disk, one network interface, no DIMM. */
const PROGRAM = {
  ...{ memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 },
  disks: [{ file: "/var/lib/libvirt/images/web-1.qcow2" }],
  interfaces: [{ network: "default" }],
};

const size = (value: unknown) => JSON.stringify(value).length;

// docs/decisions/0008-size-of-a-state-entry.md counts the bytes.
describe("a domain with a disk and a network interface, and no DIMM, takes little of the state", () => {
  const { required } = schema.resources[PLUGIN_TYPE];

  test("of the dynamic provider, besides headroom and the code that Pulumi's host adds twice", async () => {
    const { stack } = await created(PROGRAM);
    const { __provider: _, headroom, ...inputs } = stack.recorded.inputs;
    expect(size({ headroom })).toBeLessThanOrEqual(130);
    const { __provider: __, ...outputs } = stack.recorded.outputs;
    expect(size(inputs) + size(outputs)).toBeLessThanOrEqual(1200);
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(required));
  });

  test("of the plugin", async () => {
    const plugin = new PluginInProcess(new FakeHypervisor());
    await plugin.configure({ uri: "qemu:///system" });
    const { inputs } = await plugin.check({}, PROGRAM);
    const { properties: outputs } = await plugin.create(inputs);
    expect(size(inputs) + size(outputs)).toBeLessThanOrEqual(1200);
    expect(inputs).not.toHaveProperty("__urn");
    expect(inputs).not.toHaveProperty("__provider");
    expect(outputs).toMatchObject({ __urn: PLUGIN_URN, __provider: DYNAMIC_PROVIDER });
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(required));
  });
});
