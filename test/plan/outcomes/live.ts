import { heard, MIB, ours, paused, placedAt, running, theirs, transient, view } from "../../support/scene.ts";
import type { OutcomeRow } from "./row.ts";

/** What is plugged into the running domain. */
export const LIVE: OutcomeRow[] = [
  {
    name: "an increase by whole blocks, within slots and ceiling",
    before: running(),
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart",
  },
  {
    name: "the same, on top of what is plugged already",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    had: { memory: "1259MiB" },
    change: { memory: "1515MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 1 (14 of 16 free after), node 0; 1259 → 1515 MiB of at most 8 GiB; no restart",
  },
  {
    name: "the last slot goes",
    before: running({ slots: 1 }),
    had: { memorySlots: 1 },
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (0 of 1 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; the last slot goes: the next increase needs the domain shut down and started first",
  },
  {
    name: "right up to maxMemory",
    before: running({ max: 1259 }),
    had: { maxMemory: "1259MiB" },
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 1259 MiB; no restart; the ceiling is reached: the next boot has no headroom unless maxMemory is raised",
  },
  {
    name: "an increase and a higher maxMemory that isn't needed for it",
    before: running(),
    change: { memory: "1259MiB", maxMemory: "16GiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; the maximum of 16 GiB takes effect at the next boot",
  },
  {
    name: "an increase in DIMMs of at most maxDimmSize",
    before: running(),
    had: { hotplug: { maxDimmSize: "512MiB" } },
    change: { memory: "2283MiB" },
    outcome: "live",
    sentence:
      "hot-plug 1280 MiB as 3 DIMMs (512 MiB, 512 MiB, 256 MiB) into slots 0, 1, 2 (13 of 16 free after), node 0; 1003 → 2283 MiB of at most 8 GiB; no restart",
  },
  {
    name: "an increase spread over all nodes",
    before: running({ cells: [512, 512] }),
    had: {
      memory: "1GiB",
      numa: [{ memory: "512MiB" }, { memory: "512MiB" }],
      hotplug: { targetNode: "spread" },
    },
    change: { memory: "2GiB" },
    outcome: "live",
    sentence:
      "hot-plug 1 GiB as 2 DIMMs of 512 MiB each into slots 0, 1 (14 of 16 free after), spread over nodes 0, 1; 1024 → 2048 MiB of at most 8 GiB; no restart",
  },
  {
    name: "a spread that was interrupted after its first DIMM",
    before: running({ cells: [512, 512], devices: [ours(0, 512, 0)] }, { cells: [512, 512] }),
    had: {
      memory: "1GiB",
      numa: [{ memory: "512MiB" }, { memory: "512MiB" }],
      hotplug: { targetNode: "spread" },
    },
    change: { memory: "2GiB" },
    outcome: "live",
    sentence:
      "hot-plug 512 MiB as 1 DIMM into slot 1 (14 of 16 free after), node 1; 1536 → 2048 MiB of at most 8 GiB; no restart",
  },
  {
    name: "the first memory of a node that was started with none",
    before: running({ cells: [1023, 1] }),
    had: { memory: "1GiB", numa: [{ memory: "1GiB" }, {}], hotplug: { targetNode: 1 } },
    change: { memory: "2GiB" },
    outcome: "live",
    sentence:
      "hot-plug 1 GiB as 1 DIMM into slot 0 (15 of 16 free after), node 1; 1024 → 2048 MiB of at most 8 GiB; no restart; node 1 gets its first memory, and is an ordinary node at the next boot",
  },
  {
    name: "a paused domain",
    before: paused(running()),
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; the domain is paused: the guest sees the memory, and can confirm it, when it resumes",
  },
  {
    name: "a transient domain",
    before: transient(),
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; the domain is transient, so the new size ends with it",
  },
  {
    name: "a DIMM of somebody else's of odd size: counted from the present total",
    before: running({ devices: [theirs(0, 100)] }, {}),
    change: { memory: "1359MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 1 (14 of 16 free after), node 0; 1103 → 1359 MiB of at most 8 GiB; no restart",
  },
  {
    name: "a DIMM off the guest's blocks: the next ones get an address of their own",
    before: running({ devices: [{ ...theirs(0, 100), base: "0x100000000" }] }, {}),
    change: { memory: "1359MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 1 (14 of 16 free after), node 0; 1103 → 1359 MiB of at most 8 GiB; no restart; placed at 0x108000000, since the dimm of 100 MiB in slot 0 is off the guest's memory blocks",
  },
  {
    name: "a DIMM of ours that the guest never took, since one off its blocks is before it",
    before: heard([placedAt(0, theirs(0, 100, "dimm0"), false), placedAt(100, ours(1, 256), false)], 1359),
    had: { memory: "1359MiB" },
    change: {},
    outcome: "live",
    sentence:
      "heal: plug ua-pulumi-dimm1 (a DIMM of 256 MiB in slot 1 at 0x106400000), which the guest never took, since its address is no multiple of the guest's memory block of 128 MiB, again at 0x108000000; no restart",
  },
  {
    name: "the same, with an increase",
    before: heard([placedAt(0, theirs(0, 100, "dimm0"), false), placedAt(100, ours(1, 256), false)], 1359),
    had: { memory: "1359MiB" },
    change: { memory: "1615MiB" },
    outcome: "live",
    sentence:
      "heal: plug ua-pulumi-dimm1 (a DIMM of 256 MiB in slot 1 at 0x106400000), which the guest never took, since its address is no multiple of the guest's memory block of 128 MiB, again at 0x108000000; hot-plug 256 MiB as 1 DIMM into slot 2 (13 of 16 free after), node 0; 1359 → 1615 MiB of at most 8 GiB; no restart; placed at 0x118000000, since the dimm of 100 MiB in slot 0 is off the guest's memory blocks",
  },
  {
    name: "somebody else's DIMM that the guest never took, in the way of the size that is asked for",
    before: heard([placedAt(0, theirs(0, 100, "dimm0"), false)], 1003),
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "heal: take out dimm0 (a DIMM of 100 MiB in slot 0 at 0x100000000, not this provider's), which the guest never took, since its size is no multiple of the guest's memory block of 128 MiB; 1259 MiB can't be had with dimm0: 1103 → 1003 MiB; hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart",
  },
  {
    name: "an alignment that doesn't suit the guest's block, though the increase does",
    before: heard([], 1003, 512 * MIB),
    change: { memory: "1515MiB" },
    outcome: "live",
    sentence:
      "hot-plug 512 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1515 MiB of at most 8 GiB; no restart; hotplug.alignment is 256 MiB, and the memory block of this guest 512 MiB, by its agent: only multiples of that are live",
  },
  {
    name: "a ballooned guest: counted from its memory, not from what the balloon leaves",
    before: { ...running(), live: { ...view(), currentMemory: 512 * MIB } },
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart",
  },
  {
    name: "a guest of 64 GiB or more, whose memory blocks are larger",
    before: running({ cells: [65_536], max: 262_144 }),
    had: { memory: "64GiB", maxMemory: "256GiB" },
    change: { memory: "66GiB" },
    outcome: "live",
    sentence:
      "hot-plug 2 GiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 65536 → 67584 MiB of at most 256 GiB; no restart",
  },
  {
    name: "more than 32 times what the guest was started with",
    before: running({ cells: [256], max: 16_384 }),
    had: { memory: "256MiB", maxMemory: "16GiB" },
    change: { memory: "12544MiB" },
    outcome: "live",
    sentence:
      "hot-plug 12 GiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 256 → 12544 MiB of at most 16 GiB; no restart; more than 32 times what the guest was started with (256 MiB), which may be too little for the map of the new memory (1/64 of it): shut it down and start it on the way",
  },
  {
    name: "live has it already: a retry after an interruption",
    before: running({ devices: [ours(0, 256)] }, {}),
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence: "the running domain has 1259 MiB; its definition goes 1003 → 1259 MiB; no restart",
  },
];
