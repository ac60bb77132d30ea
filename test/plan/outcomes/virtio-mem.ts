import { off, ours, paused, running, vmem } from "../../support/scene.ts";
import { keptByRestart, maximum, nextBoot, type OutcomeRow, replaceCosts } from "./row.ts";

const virtioMem = { hotplug: { device: "virtio-mem" } };

/** A domain that was made with virtio-mem, of which so much is requested. */
const elastic = (requested = 0) => running({ devices: [vmem(0, 7168, requested)] });

/** With `hotplug.device: "virtio-mem"`. */
export const VIRTIO_MEM: OutcomeRow[] = [
  {
    name: "a new domain with it",
    change: virtioMem,
    outcome: "create",
    headline: "starts with 1003 MiB; a virtio-mem device of 7 GiB on node 0 to grow into, in steps of 2 MiB",
  },
  {
    name: "a new domain with it, for an architecture without it",
    change: { ...virtioMem, arch: "ppc64le" },
    outcome: "create",
    headline:
      "starts with 1003 MiB; without room to grow while it runs (needs virtio-mem, which isn't supported for this architecture)",
  },
  {
    name: "an increase by whole blocks of the device",
    before: elastic(),
    had: virtioMem,
    change: { memory: "1005MiB" },
    outcome: "live",
    headline: "live: 1003 → 1005 MiB, virtio-mem on node 0 at 2 of 7168 MiB, no restart",
    details: [maximum],
  },
  {
    name: "a decrease down to the boot memory",
    before: elastic(512),
    had: { ...virtioMem, memory: "1515MiB" },
    change: { memory: "1003MiB" },
    outcome: "live",
    headline: "live: 1515 → 1003 MiB, virtio-mem on node 0 at 0 of 7168 MiB, no restart",
    details: ["the guest releases only what it can free", maximum],
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
    headline: "live: 1003 → 1515 MiB, virtio-mem on nodes 0 and 1 at 512 of 7168 MiB, no restart",
    details: [maximum],
  },
  {
    name: "a paused domain with it",
    before: paused(elastic()),
    had: virtioMem,
    change: { memory: "1515MiB" },
    outcome: "live",
    headline: "live: 1003 → 1515 MiB, virtio-mem on node 0 at 512 of 7168 MiB, no restart",
    details: [maximum, "the domain is paused: the guest's driver reacts once the domain resumes"],
  },
  {
    name: "a domain with it that is off",
    before: off({ devices: [vmem(0, 7168)] }),
    had: { ...virtioMem, running: false },
    change: { memory: "1515MiB", running: false },
    outcome: "live",
    headline: "live: 1003 → 1515 MiB in the definition (the domain is off)",
    details: ["maximum at the next boot: 8 GiB"],
  },
  {
    name: "not a multiple of the device's block",
    before: elastic(),
    had: virtioMem,
    change: { memory: "1100MiB" },
    outcome: "replace",
    headline: "replace: 1003 → 1100 MiB is not 1003 MiB plus a multiple of 2 MiB (live: 1099 or 1101 MiB)",
    details: [
      "sizes that work without a restart: 1099 MiB, 1101 MiB; range 1005–8171 MiB, step 2 MiB",
      replaceCosts,
      keptByRestart,
    ],
    codes: ["not-virtio-mem-block"],
  },
  {
    name: "less than the boot memory",
    before: elastic(512),
    had: { ...virtioMem, memory: "1515MiB" },
    change: { memory: "900MiB" },
    outcome: "replace",
    headline: "replace: 1515 → 900 MiB goes below the 1003 MiB of boot memory (live: 1003 MiB)",
    details: [
      "sizes that work without a restart: 1003 MiB; all: 1003–1513 MiB, step 2 MiB; 1517–8171 MiB, step 2 MiB",
      replaceCosts,
      keptByRestart,
    ],
    codes: ["boot-memory"],
  },
  {
    name: "more than the device holds",
    before: elastic(),
    had: virtioMem,
    change: { memory: "8GiB" },
    outcome: "replace",
    headline:
      "replace: 1003 → 8192 MiB needs 7189 MiB of virtio-mem, which holds at most 7 GiB (live: 8171 MiB)",
    details: [
      "sizes that work without a restart: 8171 MiB; range 1005–8171 MiB, step 2 MiB",
      replaceCosts,
      keptByRestart,
    ],
    codes: ["beyond-virtio-mem-size"],
  },
  {
    name: "from DIMMs to virtio-mem",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    had: { memory: "1259MiB" },
    change: virtioMem,
    outcome: "replace",
    headline: "replace: hotplug.device needs a virtio-mem device, which the domain was started without",
    details: [replaceCosts, keptByRestart],
    codes: ["device-kind"],
  },
  {
    name: "from virtio-mem to DIMMs, at the next boot",
    before: elastic(512),
    had: { ...virtioMem, memory: "1515MiB" },
    change: { hotplug: { device: "dimm", whenNotPossible: "nextBoot" } },
    outcome: "nextBoot",
    headline: "next boot: hotplug.device, after a shutdown and start",
    details: [nextBoot],
    codes: ["device-kind"],
  },
  {
    name: "a higher maxMemory of a domain with it",
    before: elastic(512),
    had: { ...virtioMem, memory: "1515MiB" },
    change: { maxMemory: "16GiB" },
    outcome: "nextBoot",
    headline: "next boot: maxMemory 16 GiB in 16 slots, after a shutdown and start",
    details: [nextBoot],
  },
  {
    name: "resized: a second up",
    before: elastic(512),
    had: { ...virtioMem, memory: "1515MiB" },
    change: {},
    outcome: "none",
    headline: "",
  },
  {
    name: "a hook, or maxDimmSize, with it",
    before: elastic(),
    had: virtioMem,
    change: { hotplug: { device: "virtio-mem", maxDimmSize: "1GiB" } },
    outcome: "check error",
    headline:
      'hotplug.maxDimmSize has no effect when hotplug.device is "virtio-mem", which resizes an existing device instead of attaching one',
  },
  {
    name: "a definition that a device not managed by this provider would take above maxMemory",
    before: running({ devices: [{ ...vmem(0, 7168, 512), alias: "ua-theirs" }] }),
    had: { memory: "1515MiB" },
    change: { memory: "1771MiB" },
    outcome: "refuse",
    headline: "refused: the definition would need 8427 MiB, above maxMemory (8 GiB)",
    details: ["raise maxMemory to at least 8427 MiB"],
    codes: ["definition-beyond-max-memory"],
  },
];
