import { off, ours, paused, running, vmem } from "../../support/scene.ts";
import { nextBoot, type OutcomeRow, replaceCosts } from "./row.ts";

const virtioMem = { hotplug: { device: "virtio-mem" } };

/** A domain that was made with virtio-mem, of which so much is requested. */
const elastic = (requested = 0) => running({ devices: [vmem(0, 7168, requested)] });

/** With `hotplug.device: "virtio-mem"`. */
export const VIRTIO_MEM: OutcomeRow[] = [
  {
    name: "a new domain with it",
    change: virtioMem,
    outcome: "create",
    sentence: "starts with 1003 MiB; a virtio-mem device of 7 GiB on node 0 to grow into, in steps of 2 MiB",
  },
  {
    name: "a new domain with it, for an architecture that has none",
    change: { ...virtioMem, arch: "ppc64le" },
    outcome: "create",
    sentence:
      "starts with 1003 MiB; without room to grow while it runs (virtio-mem is for x86_64 and aarch64 guests here, not for ppc64le)",
  },
  {
    name: "an increase by whole blocks of the device",
    before: elastic(),
    had: virtioMem,
    change: { memory: "1005MiB" },
    outcome: "live",
    sentence:
      "plug 2 MiB of node 0's virtio-mem device (then 2 MiB of 7168 MiB); 1003 → 1005 MiB of at most 8 GiB; no restart",
  },
  {
    name: "a decrease down to what the domain was started with",
    before: elastic(512),
    had: { ...virtioMem, memory: "1515MiB" },
    change: { memory: "1003MiB" },
    outcome: "live",
    sentence:
      "take 512 MiB out of node 0's virtio-mem device (then 0 MiB of 7168 MiB); 1515 → 1003 MiB of at most 8 GiB; no restart; the guest gives back what it can free",
  },
  {
    name: "an increase spread over the devices of all nodes",
    before: running({ cells: [501, 502], devices: [vmem(0, 3584), vmem(1, 3584)] }),
    had: {
      numa: [{ memory: "501MiB" }, { memory: "502MiB" }],
      hotplug: { device: "virtio-mem", targetNode: "spread" },
    },
    change: {
      memory: "1515MiB",
      numa: [{ memory: "501MiB" }, { memory: "502MiB" }],
      hotplug: { device: "virtio-mem", targetNode: "spread" },
    },
    outcome: "live",
    sentence:
      "plug 256 MiB of node 0's virtio-mem device (then 256 MiB of 3584 MiB), plug 256 MiB of node 1's virtio-mem device (then 256 MiB of 3584 MiB); 1003 → 1515 MiB of at most 8 GiB; no restart",
  },
  {
    name: "a paused domain with it",
    before: paused(elastic()),
    had: virtioMem,
    change: { memory: "1515MiB" },
    outcome: "live",
    sentence:
      "plug 512 MiB of node 0's virtio-mem device (then 512 MiB of 7168 MiB); 1003 → 1515 MiB of at most 8 GiB; no restart; the domain is paused: the guest follows when it resumes",
  },
  {
    name: "a domain with it that is off",
    before: off({ devices: [vmem(0, 7168)] }),
    had: { ...virtioMem, running: false },
    change: { memory: "1515MiB", running: false },
    outcome: "live",
    sentence: "the domain is off: its definition goes 1003 → 1515 MiB of at most 8 GiB",
  },
  {
    name: "no multiple of the device's block",
    before: elastic(),
    had: virtioMem,
    change: { memory: "1100MiB" },
    outcome: "replace",
    sentence: `replace: 1003 → 1100 MiB can't be had live: the 97 MiB above 1003 MiB are no multiple of 2 MiB, the block of the virtio-mem device; live from here: 1099 MiB; 1101 MiB (1005 MiB to 8171 MiB in steps of 2 MiB); ${replaceCosts}`,
  },
  {
    name: "less than what the domain was started with",
    before: elastic(512),
    had: { ...virtioMem, memory: "1515MiB" },
    change: { memory: "900MiB" },
    outcome: "replace",
    sentence: `replace: 1515 → 900 MiB can't be had live: 1003 MiB of it are no virtio-mem, and can't be taken away while the domain runs; live from here: 1003 MiB (1003 MiB to 1513 MiB in steps of 2 MiB; 1517 MiB to 8171 MiB in steps of 2 MiB); ${replaceCosts}`,
  },
  {
    name: "more than the device holds",
    before: elastic(),
    had: virtioMem,
    change: { memory: "8GiB" },
    outcome: "replace",
    sentence: `replace: 1003 → 8192 MiB can't be had live: the virtio-mem device of node 0 holds at most 7 GiB, 7189 MiB would be needed; live from here: 8171 MiB (1005 MiB to 8171 MiB in steps of 2 MiB); ${replaceCosts}`,
  },
  {
    name: "from DIMMs to virtio-mem",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    had: { memory: "1259MiB" },
    change: virtioMem,
    outcome: "replace",
    sentence: `replace: it can't change while the domain runs: the running domain was started without a virtio-mem device on node 0, and hotplug.device is "virtio-mem"; ${replaceCosts}`,
  },
  {
    name: "from virtio-mem to DIMMs, at the next boot",
    before: elastic(512),
    had: { ...virtioMem, memory: "1515MiB" },
    change: { hotplug: { device: "dimm", whenNotPossible: "nextBoot" } },
    outcome: "nextBoot",
    sentence: `next boot: it can't change while the domain runs: the running domain was started with a virtio-mem device on node 0, and hotplug.device is "dimm"; it ${nextBoot}`,
  },
  {
    name: "a higher maxMemory of a domain with it",
    before: elastic(512),
    had: { ...virtioMem, memory: "1515MiB" },
    change: { maxMemory: "16GiB" },
    outcome: "nextBoot",
    sentence: `at most 16 GiB in 16 slots: ${nextBoot}`,
  },
  {
    name: "resized: a second up",
    before: elastic(512),
    had: { ...virtioMem, memory: "1515MiB" },
    change: {},
    outcome: "none",
    sentence: "",
  },
  {
    name: "a hook, or maxDimmSize, with it",
    before: elastic(),
    had: virtioMem,
    change: { hotplug: { device: "virtio-mem", maxDimmSize: "1GiB" } },
    outcome: "check error",
    sentence:
      'hotplug.maxDimmSize has no effect when hotplug.device is "virtio-mem", which resizes an existing device and attaches none',
  },
  {
    name: "a definition that a device of somebody else would take beyond maxMemory",
    before: running({ devices: [{ ...vmem(0, 7168, 512), alias: "ua-theirs" }] }),
    had: { memory: "1515MiB" },
    change: { memory: "1771MiB" },
    outcome: "refuse",
    sentence: `with the virtio-mem device of others, which counts in full, the definition would come to ${1771 - 512 + 7168} MiB of at most 8 GiB; raise maxMemory to at least ${1771 - 512 + 7168} MiB`,
  },
];
