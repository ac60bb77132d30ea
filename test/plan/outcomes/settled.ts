import { MIB, ours, running, view } from "../../support/scene.ts";
import type { OutcomeRow } from "./row.ts";

/** What makes no difference. */
export const SETTLED: OutcomeRow[] = [
  {
    name: "the same size written otherwise",
    before: running({ cells: [4096], max: 16_384 }),
    had: { memory: "4GiB", maxMemory: "16GiB" },
    change: { memory: 4096 },
    outcome: "none",
    sentence: "",
  },
  {
    name: "grown and folded: a second up",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    had: { memory: "1259MiB" },
    change: {},
    outcome: "none",
    sentence: "",
  },
  {
    name: "a size that waits for the next boot: a second up",
    before: running({}, { cells: [1300] }),
    had: { memory: "1300MiB", hotplug: { whenNotPossible: "nextBoot" } },
    change: {},
    outcome: "none",
    sentence: "",
  },
  {
    name: "a live size that was rounded up at start",
    before: running({ arch: "ppc64", cells: [1024] }, { arch: "ppc64" }),
    change: {},
    outcome: "none",
    sentence: "",
  },
  {
    name: "a balloon",
    before: { ...running(), live: { ...view(), currentMemory: 512 * MIB } },
    change: {},
    outcome: "none",
    sentence: "",
  },
  {
    name: "a setting alone",
    before: running(),
    change: { hotplug: { whenNotPossible: "restart" } },
    outcome: "none",
    sentence: "setting only: hotplug",
  },
];
