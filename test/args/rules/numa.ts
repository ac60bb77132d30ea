import { GIB, memory, type Row } from "./row.ts";

/** Of NUMA nodes. */
export const NUMA: Record<string, Row[]> = {
  sharesWithinMemory: [
    [
      "shares above the memory",
      { memory, numa: [{ memory: "512MiB" }, { memory: "512MiB" }] },
      "numa",
      "gives its nodes 1024 MiB in total, above memory (1003 MiB)",
    ],
    [
      "nodes without any memory",
      { numa: [{}, { memory: 0 }], maxMemory: GIB },
      "numa",
      "must have at least one node with memory",
    ],
  ],
  spreadInWholeMib: [
    [
      "a rest that can't be divided",
      { memory, numa: [{ memory: "500MiB" }, { memory: "500MiB" }], hotplug: { targetNode: "spread" } },
      "hotplug.targetNode",
      "is \"spread\", but 3 MiB (memory beyond the nodes' own shares) can't be divided evenly among 2 nodes in whole MiB",
    ],
  ],
  oneEmptyNode: [
    [
      "two empty nodes",
      { memory: GIB, numa: [{ memory: GIB }, { memory: 0 }, {}] },
      "numa",
      "has 2 nodes without memory (1, 2); at most one may be empty",
    ],
    [
      "two empty nodes, while another one gets the rest",
      { memory: "2GiB", numa: [{ memory: GIB }, {}, {}] },
      "numa",
      "has 2 nodes without memory (1, 2); at most one may be empty",
    ],
  ],
  emptyNodeCanGrow: [
    [
      "maxMemory leaves no room",
      { memory: GIB, maxMemory: GIB, numa: [{ memory: GIB }, {}], hotplug: { targetNode: 1 } },
      "maxMemory",
      "is 1024 MiB, equal to memory, so memory can't be added to the empty node 1 later; raise maxMemory",
    ],
    [
      "hot-plug is disabled",
      { memory: GIB, numa: [{ memory: GIB }, {}], hotplug: { enabled: false } },
      "numa",
      "leaves node 1 without memory, which can't be added later because hotplug.enabled is false",
    ],
  ],
  vcpusOfNodes: [
    [
      "a vCPU in two nodes",
      { memory, vcpus: 4, numa: [{ cpus: "0-1" }, { cpus: "1-2", memory: "1MiB" }] },
      "numa[1].cpus",
      "contains vCPU 1, which is already assigned to node 0",
    ],
    [
      "a vCPU that doesn't exist",
      { memory, vcpus: 2, numa: [{ cpus: "0-2" }] },
      "numa[0].cpus",
      "contains vCPU 2, but the domain has vCPUs 0 to 1; raise vcpus",
    ],
    [
      "a second vCPU where one is the default",
      { memory, numa: [{ cpus: "0-1" }] },
      "numa[0].cpus",
      "contains vCPU 1, but the domain only has vCPU 0; raise vcpus",
    ],
  ],
  targetNodeExists: [
    [
      "without nodes",
      { memory, hotplug: { targetNode: 1 } },
      "hotplug.targetNode",
      "is 1, but the domain only has node 0",
    ],
    [
      "with nodes",
      { memory, numa: [{ memory: "1MiB" }, { memory: "1MiB" }], hotplug: { targetNode: 2 } },
      "hotplug.targetNode",
      "is 2, but the domain has nodes 0 to 1",
    ],
  ],
};
