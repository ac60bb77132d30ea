import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { CheckFailed, created, type OneResource } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

const args = { memory: "1GiB", maxMemory: "8GiB" };

/** What the engine shows of an operation that failed: its error, and what was logged before. */
async function shownOf(stack: OneResource, work: () => Promise<unknown>) {
  const error = await work().then(
    () => undefined,
    (failure: Error) => failure,
  );
  const reasons =
    error instanceof CheckFailed ? error.failures.map(({ reason }) => reason) : [error?.message ?? ""];
  return { lines: reasons.join("\n").split("\n").filter(Boolean), said: stack.run.said };
}

/** Expects that no line of the error was logged as well. */
function expectOnce({ lines, said }: { lines: string[]; said: string[] }): void {
  const logged = new Set(said.flatMap((text) => text.split("\n")));
  expect(lines.filter((line) => logged.has(line))).toEqual([]);
}

const refusals: [name: string, change: object, prepare?: (host: FakeHypervisor) => void][] = [
  ["a size that isn't possible", { memory: "1000MiB", hotplug: { whenNotPossible: "error" } }],
  ["a machine type that the host doesn't have", { machine: "pc-q35-99.9" }],
  ["a replacement that the host can't make", { arch: "ppc64le" }],
  [
    "a domain that belongs to another resource",
    { memory: "2GiB" },
    (host) =>
      host.change(host.only.uuid, { inactive: host.only.inactive?.replaceAll("::web-1", "::other") ?? "" }),
  ],
  [
    "a definition that libvirt refuses",
    { vcpus: 4 },
    (host) => {
      host.refusesDefine = () => libvirtError(ErrorCode.INTERNAL, "no such thing");
    },
  ],
  [
    "a guest that rejects a DIMM",
    { memory: "1280MiB" },
    (host) => host.refuses.set("attachDevice", libvirtError(ErrorCode.INTERNAL, "no")),
  ],
  ["another host", { uri: "qemu+ssh://other/system" }],
];

test.each(refusals)("%s is shown once", async (_, change, prepare) => {
  const { host, stack } = await created(args);
  prepare?.(host);
  const shown = await shownOf(stack, () => stack.up({ ...args, ...change }));
  expect(shown.lines).not.toEqual([]);
  expectOnce(shown);
});

property.prop(
  [
    fc.constantFrom("700MiB", "1000MiB", "1280MiB", "9GiB"),
    fc.constantFrom("replace", "restart", "nextBoot", "error"),
    fc.record(
      {
        machine: fc.constantFrom("pc", "nonsense"),
        running: fc.boolean(),
        arch: fc.constant("s390x"),
        vcpus: fc.constantFrom(2, 999),
      },
      { requiredKeys: [] },
    ),
  ],
  cases(60),
)("whatever is refused is shown once", async (memory, whenNotPossible, others) => {
  const { stack } = await created(args);
  expectOnce(
    await shownOf(stack, () => stack.up({ ...args, memory, ...others, hotplug: { whenNotPossible } })),
  );
});
