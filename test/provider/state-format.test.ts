import { test as property } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Observed } from "../../provider/plan/observed.ts";
import { packedState, unpackedState } from "../../provider/state-format.ts";
import { DYNAMIC_PROVIDER, DYNAMIC_TYPE } from "../../sdk/dynamic-type.ts";
import { newResource, storeResource } from "../engine/stack/resource.ts";
import { anyObserved, anyPowered } from "../support/arbitrary-domain.ts";
import { created } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

const state = (observed: Observed, version: number) => ({ __observed: observed, __stateVersion: version });

/** What anyObserved leaves out: cells without CPUs, the mark of the total, several starts. */
const anyDetail = fc.record({
  cpus: fc.constantFrom(undefined, "0", "0-1", "3"),
  id: fc.constantFrom(0, 2),
  written: fc.constantFrom(undefined, "memory" as const, 4096),
  domainId: fc.constantFrom(undefined, 7),
  persistent: fc.boolean(),
});

const anyState = fc
  .tuple(fc.oneof(anyObserved, anyPowered), anyDetail, fc.boolean())
  .map(([observed, detail, isSame]): Observed => {
    const { cpus, id, written, domainId, persistent } = detail;
    const detailed = ({ cells, ...view }: NonNullable<Observed["live"]>) => ({
      ...view,
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

  property.prop([anyState], cases(50))("of format 1 is read and written as it was", (observed) => {
    const old = state(observed, 1);
    expect(unpackedState(old)).toEqual(old);
    expect(packedState(old)).toEqual(old);
  });
});

test("a domain with a disk and a network interface, and no DIMM, takes little of the state", async () => {
  const { stack } = await created({
    ...{ memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 },
    disks: [{ file: "/var/lib/libvirt/images/web-1.qcow2" }],
    interfaces: [{ network: "default" }],
  });
  const { id, inputs, outputs } = stack.recorded;
  const urn = (type: string, name: string) => `urn:pulumi:dev::shop::${type}::${name}`;
  const entry = storeResource(
    newResource({
      ...{ urn: urn(DYNAMIC_TYPE, "web-1"), custom: true, type: DYNAMIC_TYPE, id },
      inputs: { ...inputs, __provider: DYNAMIC_PROVIDER } as never,
      outputs: { ...outputs, __provider: DYNAMIC_PROVIDER } as never,
      parent: urn("pulumi:pulumi:Stack", "shop-dev"),
      provider: `${urn("pulumi:providers:pulumi-nodejs", "default")}::${id}`,
      created: "2026-01-01T00:00:00.000000000Z",
      modified: "2026-01-01T00:00:00.000000000Z",
    }),
  );
  const size = (value: unknown) => JSON.stringify(value).length;
  expect(size(entry.outputs)).toBeLessThanOrEqual(900);
  expect(size(entry.inputs)).toBeLessThanOrEqual(550);
});
