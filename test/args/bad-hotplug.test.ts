import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { hidden } from "../support/arbitrary-inputs.ts";

const memory = "1003MiB";
const example = 'give a size such as "4GiB" or "1003MiB", or a number of MiB such as 4096';
const pageSizeRule = 'is no page size: a power of two of at least 4 KiB, such as "2MiB" or "1GiB"';
const listRule = 'must be a list of numbers such as "0-1,4"';
const nodeRule = 'must be the number of a NUMA node, from 0, or "spread"';
const secondsRule = "must be a whole number from 1 to 3600 seconds";
const flagRule = "must be true or false";
const idle = "has no meaning while hotplug.enabled is false";
const GIB = "1GiB";

/** Arguments, the property that is wrong, and the sentence. */
type Row = [string, Record<string, unknown>, string, string];

const nodes: Row[] = [
  ["no list", { memory, numa: {} }, "numa", "must be a list of NUMA nodes"],
  ["no node", { memory, numa: [] }, "numa", "names no node"],
  ["a node that is a size", { memory, numa: [512] }, "numa[0]", "must be an object with memory, cpus"],
  [
    "a node's size",
    { memory, numa: [{}, { memory: "4GB" }] },
    "numa[1].memory",
    'is not a whole number of MiB; the nearest are "3814MiB" and "3815MiB"',
  ],
  ["a node's vCPUs", { memory, numa: [{ cpus: "all" }] }, "numa[0].cpus", listRule],
  [
    "vCPUs the wrong way round",
    { memory, numa: [{ cpus: "1-0" }] },
    "numa[0].cpus",
    'is "1-0", which names no vCPU',
  ],
  [
    "a vCPU in two nodes",
    { memory, vcpus: 4, numa: [{ cpus: "0-1" }, { cpus: "1-2", memory: "1MiB" }] },
    "numa[1].cpus",
    "has vCPU 1, which another node of numa has too",
  ],
  [
    "a vCPU that isn't there",
    { memory, vcpus: 2, numa: [{ cpus: "0-2" }] },
    "numa[0].cpus",
    "has vCPU 2; the domain has 2 (vcpus), counted from 0",
  ],
  [
    "shares above the memory",
    { memory, numa: [{ memory: "512MiB" }, { memory: "512MiB" }] },
    "numa",
    "has 1024 MiB in all, more than memory, 1003 MiB",
  ],
  [
    "nodes without any memory",
    { numa: [{}, { memory: 0 }], maxMemory: GIB },
    "numa",
    "has no memory in any node",
  ],
  [
    "two empty nodes",
    { memory: GIB, numa: [{ memory: GIB }, { memory: 0 }, {}] },
    "numa",
    "has 2 nodes without memory (1, 2); at most one may grow into its memory later",
  ],
  [
    "two empty nodes, and the rest goes elsewhere",
    { memory: "2GiB", numa: [{ memory: GIB }, {}, {}] },
    "numa",
    "has 2 nodes without memory (1, 2); at most one may grow into its memory later",
  ],
  [
    "an empty node without a ceiling to grow to",
    { memory: GIB, maxMemory: GIB, numa: [{ memory: GIB }, {}], hotplug: { targetNode: 1 } },
    "maxMemory",
    "is 1024 MiB, all of which is there at boot; node 1 has no memory and could get none: raise maxMemory",
  ],
  [
    "an empty node where nothing is ever plugged",
    { memory: GIB, numa: [{ memory: GIB }, {}], hotplug: { enabled: false } },
    "numa",
    "node 1 has no memory and could get none: hotplug.enabled is false",
  ],
];

const hotplug: Row[] = [
  ...[-1, 1.5, 1024, "0", "all", true].map(
    (targetNode): Row => [
      `the target ${JSON.stringify(targetNode)}`,
      { memory, hotplug: { targetNode } },
      "hotplug.targetNode",
      nodeRule,
    ],
  ),
  [
    "a target that isn't there",
    { memory, hotplug: { targetNode: 1 } },
    "hotplug.targetNode",
    "is 1; the domain has node 0 alone",
  ],
  [
    "a target beyond the nodes",
    { memory, numa: [{ memory: "1MiB" }, { memory: "1MiB" }], hotplug: { targetNode: 2 } },
    "hotplug.targetNode",
    "is 2; the domain has nodes 0 to 1",
  ],
  [
    "a rest that can't be spread",
    { memory, numa: [{ memory: "500MiB" }, { memory: "500MiB" }], hotplug: { targetNode: "spread" } },
    "hotplug.targetNode",
    "is \"spread\", and the 3 MiB that memory has above the nodes' shares can't be divided among 2 nodes in whole MiB",
  ],
  [
    "the largest DIMM no size",
    { memory, hotplug: { maxDimmSize: "x" } },
    "hotplug.maxDimmSize",
    `is no size; ${example}`,
  ],
  [
    "the largest DIMM unaligned",
    { memory, hotplug: { maxDimmSize: "300MiB" } },
    "hotplug.maxDimmSize",
    "is 300 MiB, no multiple of the alignment, 256 MiB; the nearest: 256 MiB, 512 MiB",
  ],
  [
    "the largest DIMM too small",
    { memory, hotplug: { maxDimmSize: "128MiB" } },
    "hotplug.maxDimmSize",
    "is 128 MiB, no multiple of the alignment, 256 MiB; the nearest: 256 MiB",
  ],
  [
    "the largest DIMM less than a page",
    { memory, hotplug: { maxDimmSize: "512MiB", source: { pageSize: GIB } } },
    "hotplug.maxDimmSize",
    "is 512 MiB, no multiple of the page size, 1024 MiB; the nearest: 1024 MiB",
  ],
  [
    "the empty node",
    { memory, hotplug: { emptyNode: "none" } },
    "hotplug.emptyNode",
    'must be one of "minimal", "exact"',
  ],
  [
    "when to apply",
    { memory, hotplug: { applyOn: "later" } },
    "hotplug.applyOn",
    'must be one of "now", "nextBoot"',
  ],
  ["the switch", { memory, hotplug: { enabled: "no" } }, "hotplug.enabled", flagRule],
  [
    "the source",
    { memory, hotplug: { source: true } },
    "hotplug.source",
    "must be an object with nodeset, pageSize",
  ],
  [
    "the source's nodes",
    { memory, hotplug: { source: { nodeset: "all" } } },
    "hotplug.source.nodeset",
    listRule,
  ],
  ...["3MiB", "2KiB", 3].map(
    (pageSize): Row => [
      `the page size ${pageSize}`,
      { memory, hotplug: { source: { pageSize } } },
      "hotplug.source.pageSize",
      pageSizeRule,
    ],
  ),
  [
    "a page size that is none",
    { memory, hotplug: { source: { pageSize: "huge" } } },
    "hotplug.source.pageSize",
    `is no size; ${example}`,
  ],
];

const hooks: Row[] = [
  [
    "a hook that is a command",
    { memory, hotplug: { before: "echo" } },
    "hotplug.before",
    "must be an object with command, timeout",
  ],
  [
    "a hook without a command",
    { memory, hotplug: { after: {} } },
    "hotplug.after.command",
    "must be a program and its arguments, as a list",
  ],
  [
    "a command line for a shell",
    { memory, hotplug: { before: { command: "echo a | b" } } },
    "hotplug.before.command",
    "must be a program and its arguments, as a list",
  ],
  [
    "no program",
    { memory, hotplug: { before: { command: [] } } },
    "hotplug.before.command",
    "names no program",
  ],
  [
    "a program without a name",
    { memory, hotplug: { before: { command: ["", "a"] } } },
    "hotplug.before.command",
    "names no program",
  ],
  [
    "an argument that is a number",
    { memory, hotplug: { after: { command: ["/p", 1] } } },
    "hotplug.after.command[1]",
    "must be a program or one of its arguments, as a string",
  ],
  ...[0, 3601, 1.5, "5"].map(
    (timeout): Row => [
      `a hook's time-out of ${JSON.stringify(timeout)}`,
      { memory, hotplug: { before: { command: ["/p"], timeout } } },
      "hotplug.before.timeout",
      secondsRule,
    ],
  ),
];

const others: Row[] = [
  ...[16, "64"].map(
    (guestWidth): Row => [
      `the width ${JSON.stringify(guestWidth)}`,
      { memory, guestWidth },
      "guestWidth",
      "must be 32 or 64",
    ],
  ),
  [
    "memory beyond the cap of the width that is said",
    { memory: "21GiB", guestWidth: 32 },
    "memory",
    "is 21504 MiB, beyond the cap of 20480 MiB for a 32-bit guest (libvirt-hotplug:maxMemory32Bit)",
  ],
  ["forceOff", { memory, forceOff: "yes" }, "forceOff", flagRule],
  ["adopt", { memory, adopt: 1 }, "adopt", flagRule],
  ["onDelete", { memory, onDelete: "destroy" }, "onDelete", 'must be one of "delete", "keep"'],
];

describe.each([
  ["nodes", nodes],
  ["hotplug", hotplug],
  ["hooks", hooks],
  ["others", others],
])("bad input is refused by property path, in one sentence: %s", (_, rows) => {
  test.each(rows)("%s", (_name, args, property, reason) => {
    expect(checkInputs({}, { ...hidden, ...args }).failures).toEqual([{ property, reason }]);
  });
});

describe("what says how to hot-plug has no meaning where it is switched off", () => {
  test.each([
    ["targetNode", 0],
    ["maxDimmSize", "256MiB"],
    ["source", { pageSize: "2MiB" }],
    ["before", { command: ["/p"] }],
    ["after", { command: ["/p"] }],
  ])("%s", (name, value) => {
    const { failures } = checkInputs({}, { ...hidden, memory, hotplug: { enabled: false, [name]: value } });
    expect(failures).toEqual([{ property: `hotplug.${name}`, reason: idle }]);
  });
});

describe("the caps are the stack's", () => {
  test.each([
    [{ memory: "3GiB" }, { maxMemory64Bit: 2048 * 1024 }, "memory", 64, "2048 MiB", "3072 MiB"],
    [{ memory: GIB, maxMemory: "3GiB" }, { maxMemory64Bit: 2048 * 1024 }, "maxMemory", 64, "2048 MiB", "3072 MiB"],
    [{ memory: "3GiB", arch: "i686" }, { maxMemory32Bit: 2048 * 1024 }, "memory", 32, "2048 MiB", "3072 MiB"],
    [{ memory: "3GiB", guestWidth: 32 }, { maxMemory32Bit: 2048 * 1024 }, "memory", 32, "2048 MiB", "3072 MiB"],
  ])("%j with %j", (args, caps, property, width, cap, size) => {
    const { failures } = checkInputs({}, { ...hidden, ...args }, { ...DEFAULTS, ...caps });
    const reason = `is ${size}, beyond the cap of ${cap} for a ${width}-bit guest (libvirt-hotplug:maxMemory${width}Bit)`;
    expect(failures).toEqual([{ property, reason }]);
  });

  test("and of no other width", () => {
    const stack = { ...DEFAULTS, maxMemory32Bit: 2048 * 1024 };
    expect(checkInputs({}, { ...hidden, memory: "3GiB" }, stack).failures).toEqual([]);
  });
});

describe("what may turn out right is let through while it isn't known, or said elsewhere", () => {
  test.each([
    { memory: UNKNOWN, numa: [{ memory: "1GiB" }, { memory: "1GiB" }] },
    { memory, numa: [{ memory: UNKNOWN }, {}, {}], hotplug: { targetNode: 1 } },
    { memory, numa: UNKNOWN },
    { memory, numa: [UNKNOWN, { memory: "1MiB" }] },
    { memory, vcpus: UNKNOWN, numa: [{ cpus: "0-7" }] },
    { memory, numa: [{ cpus: UNKNOWN }] },
    { memory, numa: [{ cpus: "0-7" }], xml: "<domain/>" },
    { memory, numa: [{ cpus: "0-7" }], adopt: true },
    { memory, hotplug: { alignment: UNKNOWN, maxDimmSize: "300MiB" } },
    { memory, hotplug: { maxDimmSize: UNKNOWN } },
    { memory, hotplug: { source: UNKNOWN, maxDimmSize: "512MiB" } },
    { memory, hotplug: { source: { pageSize: UNKNOWN, nodeset: UNKNOWN } } },
    { memory, hotplug: { targetNode: UNKNOWN } },
    { memory, hotplug: { before: UNKNOWN, after: { command: UNKNOWN, timeout: UNKNOWN } } },
    { memory, hotplug: { before: { command: [UNKNOWN, UNKNOWN] } } },
    { memory: "30GiB", guestWidth: UNKNOWN },
    { memory, adopt: UNKNOWN, onDelete: UNKNOWN, forceOff: UNKNOWN },
  ])("%j", (args) => {
    expect(checkInputs({}, { ...hidden, ...args }).failures).toEqual([]);
  });
});
