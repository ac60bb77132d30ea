import type { OutcomeRow } from "./row.ts";

/** A domain that isn't there yet. */
export const CREATION: OutcomeRow[] = [
  {
    name: "a new domain",
    change: {},
    outcome: "create",
    headline: "starts with 1003 MiB; room for 16 DIMMs, up to 8 GiB",
  },
  {
    name: "memory equal to maxMemory",
    change: { memory: "8GiB" },
    outcome: "create",
    headline: "starts with 8 GiB; without room to grow while it runs",
  },
  {
    name: "a platform without memory hot-plug",
    change: { arch: "s390x" },
    outcome: "create",
    headline:
      "starts with 1003 MiB; without room to grow while it runs (s390x machines don't support memory hot-plug)",
  },
  {
    name: "hotplug.enabled false",
    change: { hotplug: { enabled: false } },
    outcome: "create",
    headline: "starts with 1003 MiB; without room to grow while it runs (hotplug.enabled is false)",
  },
  {
    name: "a node without memory, on a machine type after 5.0",
    change: { numa: [{ memory: "1003MiB" }, {}], hotplug: { targetNode: 1 } },
    outcome: "create",
    headline:
      "starts with 1003 MiB; room for 16 DIMMs, up to 8 GiB; node 1 starts with 1 MiB taken from node 0",
  },
  {
    name: "a node without memory, on an older machine type",
    change: { numa: [{ memory: "1003MiB" }, {}], hotplug: { targetNode: 1 }, machine: "pc-q35-5.0" },
    outcome: "create",
    headline: "starts with 1003 MiB; room for 16 DIMMs, up to 8 GiB; node 1 starts without memory",
  },
  {
    name: "currentMemory less than the memory",
    change: { currentMemory: "512MiB" },
    outcome: "create",
    headline: "starts with 1003 MiB (balloon target 512 MiB); room for 16 DIMMs, up to 8 GiB",
  },
];
