import { MIB, off, running, theirs } from "../../support/scene.ts";
import { nextBoot, type OutcomeRow } from "./row.ts";

/** What changes the definition alone. */
export const DEFINITION: OutcomeRow[] = [
  {
    name: "a domain that is off",
    before: off(),
    had: { running: false },
    change: { memory: "1300MiB" },
    outcome: "live",
    sentence: "the domain is off: its definition goes 1003 → 1300 MiB of at most 8 GiB",
  },
  {
    name: "a decrease of a domain that is off",
    before: off(),
    had: { running: false },
    change: { memory: "500MiB" },
    outcome: "live",
    sentence: "the domain is off: its definition goes 1003 → 500 MiB of at most 8 GiB",
  },
  {
    name: "a domain that somebody shut down",
    before: off(),
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "the domain is off: its definition goes 1003 → 1259 MiB of at most 8 GiB; start the domain, which is off",
  },
  {
    name: "shut down and changed at once",
    before: running(),
    change: { memory: "1300MiB", running: false },
    outcome: "restart",
    sentence:
      "shut the domain down (running: false); once the domain is off: its definition goes 1003 → 1300 MiB of at most 8 GiB",
  },
  {
    name: "maxMemory alone",
    before: running(),
    change: { maxMemory: "16GiB" },
    outcome: "nextBoot",
    sentence: `at most 16 GiB in 16 slots: ${nextBoot}`,
  },
  {
    name: "memorySlots alone",
    before: running(),
    change: { memorySlots: 32 },
    outcome: "nextBoot",
    sentence: `at most 8 GiB in 32 slots: ${nextBoot}`,
  },
  {
    name: "applyOn nextBoot",
    before: running(),
    had: { hotplug: { applyOn: "nextBoot" } },
    change: { memory: "1259MiB" },
    outcome: "nextBoot",
    sentence: `1003 → 1259 MiB ${nextBoot}`,
  },
  {
    name: "applyOn nextBoot, where a size of ours is pending already",
    before: { ...running({}, { cells: [2027] }), pending: 2027 * MIB },
    had: { memory: "2027MiB", hotplug: { applyOn: "nextBoot" } },
    change: { memory: "1515MiB" },
    outcome: "nextBoot",
    sentence: `1003 → 1515 MiB ${nextBoot}; the pending 2027 MiB is superseded`,
  },
  {
    name: "an increase now, where a size of ours is pending",
    before: { ...running({}, { cells: [2027] }), pending: 2027 * MIB },
    had: { memory: "2027MiB" },
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; the pending 2027 MiB is superseded",
  },
  {
    name: "a size that waits for the next boot, set by others, and another one is asked for",
    before: running({}, { cells: [2027] }),
    change: { memory: "1259MiB" },
    outcome: "refuse",
    sentence:
      "2027 MiB waits for the next boot, set by somebody else, and the program asks for 1259 MiB: ask for 2027 MiB, or run refresh, which shows the difference, and then up",
    recorded: 1003 * MIB,
  },
  {
    name: "the same, and that size is asked for",
    before: running({}, { cells: [1259] }),
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart",
    recorded: 1003 * MIB,
  },
  {
    name: "memory that others put into the definition leaves nothing",
    before: running({}, { devices: [theirs(0, 2048)] }),
    change: { memory: "1259MiB" },
    outcome: "refuse",
    sentence:
      "1259 MiB can't be defined: the definition has 2048 MiB in devices that others put there and in other nodes, which leaves nothing for node 0; take those devices out, or ask for more than 2048 MiB",
    recorded: 3051 * MIB,
  },
];
