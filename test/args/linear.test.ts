import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { definitionXml, domainSpec } from "../../provider/definition/domain-spec.ts";
import { hidden } from "../support/arbitrary-inputs.ts";
import { growth, MOST_GROWTH } from "../support/count-steps.ts";

const list = <T>(length: number, nth: (index: number) => T) =>
  Array.from({ length }, (_, index) => nth(index));
const mac = (index: number) =>
  `52:54:00:00:${[index >> 8, index & 255].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;

/** Arguments with `n` of something. */
const ARGUMENTS: [what: string, args: (n: number) => Record<string, unknown>][] = [
  ["interfaces", (n) => ({ interfaces: list(n, () => ({ user: true })) })],
  ["interfaces with MACs", (n) => ({ interfaces: list(n, (index) => ({ user: true, mac: mac(index) })) })],
  ["disks", (n) => ({ disks: list(n, (index) => ({ file: `/d${index}` })) })],
  [
    "disks on several buses",
    (n) => ({
      disks: list(n, (index) => ({ file: `/d${index}`, bus: ["sata", "scsi", "virtio"][index % 3] })),
    }),
  ],
  ["nodes", (n) => ({ memory: 4 * n, numa: list(n, () => ({ memory: 2 })) })],
  ["nodes with vCPUs", (n) => ({ vcpus: n, numa: list(n, (index) => ({ memory: 2, cpus: String(index) })) })],
  [
    "ranges of vCPUs",
    (n) => ({ vcpus: 4096, numa: [{ memory: 2048, cpus: list(20 * n, () => "0-4095").join() }] }),
  ],
  ["arguments of a hook", (n) => ({ hotplug: { before: { command: list(n, () => "x") } } })],
  ["a description", (n) => ({ description: "x ".repeat(50 * n) })],
];

const HOST = { arch: "x86_64", kvm: new Set(["x86_64"]), machines: new Map([["x86_64", ["q35"]]]) };

function define(args: Record<string, unknown>): string {
  const { inputs, failures } = checkInputs({}, { memory: "2GiB", ...args, ...hidden });
  expect(failures).toEqual([]);
  const complete = inputs as Inputs;
  return definitionXml(complete, domainSpec(complete, HOST, undefined, DEFAULTS), undefined);
}

describe("a check and a definition take steps in proportion to the arguments", () => {
  test.each(ARGUMENTS)("%s", { timeout: 60_000 }, async (_, args) => {
    const work = (n: number) => {
      const given = args(n);
      return () => define(given);
    };
    expect(await growth(work, [250, 1_000])).toBeLessThan(MOST_GROWTH);
  });
});

/** Arguments that are refused, with `n` of something. */
const REFUSED: [what: string, args: (n: number) => Record<string, unknown>][] = [
  ["unknown arguments", (n) => Object.fromEntries(list(n, (index) => [`x${index}`, 1]))],
  ["an unknown argument with a long name", (n) => ({ ["x".repeat(100 * n)]: 1 })],
  [
    "unknown arguments beside secrets",
    (n) => ({
      ...Object.fromEntries(list(n, (index) => [`x${index}`, 1])),
      description: `<${list(n, (index) => `word${index}`).join(" ")}`,
      __secrets: ["description"],
    }),
  ],
  [
    "disks without a path beside secrets",
    (n) => ({
      disks: list(n, () => ({ file: 1 })),
      hotplug: { before: { command: list(n, (index) => `word<${index}`) } },
      __secrets: ["hotplug"],
    }),
  ],
];

describe("a check that fails takes steps in proportion to the arguments", () => {
  test.each(REFUSED)("%s", { timeout: 60_000 }, async (_, args) => {
    const work = (n: number) => {
      const given = { memory: "2GiB", ...args(n), ...hidden };
      return () => expect(checkInputs({}, given).failures).not.toEqual([]);
    };
    expect(await growth(work, [250, 1_000])).toBeLessThan(MOST_GROWTH);
  });
});

test("a few digits don't make much work: of nodes with the same vCPUs only the first ones are read", () => {
  const numa = list(500, () => ({ memory: 1, cpus: "0-999,^0" }));
  const { failures } = checkInputs({}, { memory: "2GiB", vcpus: 1000, numa, ...hidden });
  expect(failures.map(({ property }) => property)).toEqual(list(10, (index) => `numa[${index + 1}].cpus`));
});

test("at most 100 failures are listed, and the others are counted", () => {
  const unknown = Object.fromEntries(list(250, (index) => [`x${index}`, 1]));
  const { failures } = checkInputs({}, { memory: 1024, ...unknown, ...hidden });
  expect(failures).toHaveLength(101);
  expect(failures.at(-1)).toEqual({ property: "", reason: "150 more failures" });
});

test.each(["disks", "interfaces"])("%s have a limit", (name) => {
  const { failures } = checkInputs(
    {},
    { memory: 1024, [name]: list(1025, () => ({ file: "/d" })), ...hidden },
  );
  expect(failures.filter(({ property }) => property === name)).toEqual([
    { property: name, reason: `must list at most 1024 ${name}` },
  ]);
});
