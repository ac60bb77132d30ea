import { MIB, ours, running, view } from "../../support/scene.ts";
import type { OutcomeRow } from "./row.ts";

/** What makes no difference. */
export const SETTLED: OutcomeRow[] = [
  {
    name: "the same size in another unit",
    before: running({ cells: [4096], max: 16_384 }),
    had: { memory: "4GiB", maxMemory: "16GiB" },
    change: { memory: 4096 },
    outcome: "none",
    headline: "",
  },
  {
    name: "grown: a second up",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    had: { memory: "1259MiB" },
    change: {},
    outcome: "none",
    headline: "",
  },
  {
    name: "a size that is pending for the next boot: a second up",
    before: running({}, { cells: [1300] }),
    had: { memory: "1300MiB", hotplug: { whenNotPossible: "nextBoot" } },
    change: {},
    outcome: "none",
    headline: "",
  },
  {
    name: "a live size that was rounded up at start",
    before: running({ arch: "ppc64", cells: [1024] }, { arch: "ppc64" }),
    change: {},
    outcome: "none",
    headline: "",
  },
  {
    name: "a balloon",
    before: { ...running(), live: { ...view(), currentMemory: 512 * MIB } },
    change: {},
    outcome: "none",
    headline: "",
  },
  {
    name: "numa removed from the program",
    before: running({ cells: [512, 491] }),
    had: { numa: [{ memory: "512MiB" }, { memory: "491MiB" }] },
    change: { numa: null },
    outcome: "none",
    headline: "",
  },
  {
    name: "only a setting",
    before: running(),
    change: { hotplug: { whenNotPossible: "restart" } },
    outcome: "none",
    headline: "setting only: hotplug",
  },
  {
    name: "only waitForAddress of an interface",
    before: running(),
    had: { interfaces: [{ network: "default", mac: "52:54:00:00:00:01" }] },
    change: { interfaces: [{ network: "default", mac: "52:54:00:00:00:01", waitForAddress: 60 }] },
    outcome: "none",
    headline: "setting only: interfaces",
  },
];
