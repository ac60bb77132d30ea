import { test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { validArguments } from "../support/arbitrary-inputs.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { OneResource } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

/**
 * What a host doesn't support, what a running domain can't have where the program refuses everything else, and a replacement of a
 * domain that stays when it is destroyed.
 */
const REFUSALS: ReadonlySet<string> = new Set([
  "uuid-taken",
  "beyond-max-vcpus",
  "unplug-not-allowed",
  ...[
    "unsupported-by-host",
    "bus-without-hotplug",
    "empty-drive",
    "model-without-hotplug",
    "no-free-port",
    "boot-disk",
  ],
  ...["hotplug-disabled", "no-acpi", "domain-paused"],
]);

/** Every value in it, at any depth. */
function values(value: unknown): unknown[] {
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(values) : [value];
}

describe("what Pulumi records", () => {
  property.prop([validArguments, validArguments], cases(20))(
    "is plain JSON after create, update and refresh, whatever the program says",
    async (first, { memory, maxMemory, hotplug, ...more }) => {
      const host = new FakeHypervisor();
      // It can't say what it doesn't support, and so refuses no machine, CPU or architecture.
      host.refuses.set("domainCapabilities", libvirtError(ErrorCode.NO_SUPPORT, "not supported"));
      const stack = new OneResource(host);
      // Nobody has made a domain that could be adopted.
      const anywhere = { ...first, uri: "qemu:///system", adopt: false };
      // The same identity, sizes and nodes, so that nothing is replaced; all else differs.
      const { name: _, arch: __, firmware: ___, numa: ____, ...others } = more;
      for (const args of [anywhere, { ...anywhere, ...others, uri: "qemu:///system", adopt: false }]) {
        const refused = await stack.up(args).catch((error: { code?: string }) => {
          if (!REFUSALS.has(error.code ?? "")) throw error;
          return "refused" as const;
        });
        // The first program may have made a domain that the host can't run, which is off.
        if (refused === "refused") return;
        expect(await stack.up(args)).toBe("same");
        const { inputs, outputs } = stack.recorded;
        await stack.refresh();
        expect(stack.recorded).toMatchObject({ inputs, outputs });
        // The wire format itself refuses undefined; NaN and what isn't JSON would arrive as something else.
        expect(JSON.parse(JSON.stringify(stack.recorded))).toStrictEqual(stack.recorded);
        for (const value of values([inputs, outputs]))
          if (typeof value === "number") expect(Number.isSafeInteger(value)).toBe(true);
      }
    },
  );
});
