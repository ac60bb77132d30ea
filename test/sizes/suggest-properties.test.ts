import { fc, test as property } from "@fast-check/vitest";
import { expect } from "vitest";
import { suggestCatalogue } from "../../provider/sizes/suggest.ts";
import { cases } from "../support/properties.ts";
import { MIB } from "../support/scene.ts";

const anyVm = fc.record({
  name: fc.string(),
  memory: fc
    .oneof(
      fc.integer({ min: 1, max: 8192 }),
      fc.integer({ min: 1, max: 128 }).map((gib) => gib * 1024),
      fc.integer({ min: 60 * 1024, max: 200 * 1024 }),
      // Beyond the address space of the default CPU.
      fc.integer({ min: 900 * 1024, max: 3000 * 1024 }),
    )
    .map((mib) => mib * MIB),
  vcpus: fc.integer({ min: 1, max: 64 }),
});

property.prop([fc.array(anyVm, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 8 })], cases(60))(
  "a suggested catalogue is accepted, and no VM gets less than it has",
  (vms, count) => {
    const { args, checked, nearest } = suggestCatalogue(vms, { count });
    expect(checked.failures).toEqual([]);
    expect(Object.keys(args.sizes).length).toBeLessThanOrEqual(count);
    expect(nearest.map(({ vm }) => vm)).toEqual(vms);
    for (const { vm, size } of nearest) {
      expect(args.sizes[size.name]).toBeDefined();
      expect(size.memory).toBeGreaterThanOrEqual(vm.memory);
      expect(size.vcpus).toBeGreaterThanOrEqual(vm.vcpus);
    }
  },
);
