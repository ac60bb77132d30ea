import { ours, paused, running, theirs, transient } from "../../support/scene.ts";
import { nextBoot, type OutcomeRow, replaceCosts } from "./row.ts";

const allowUnplug = { allowUnplug: true };
const twoNodes = [{ memory: "512MiB" }, { memory: "512MiB" }];

/** What is taken out of the running domain, or can't be. */
export const SHRINK: OutcomeRow[] = [
  {
    name: "a decrease by a DIMM that was plugged",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    had: { memory: "1259MiB", hotplug: allowUnplug },
    change: { memory: "1003MiB" },
    outcome: "live",
    sentence:
      "hot-unplug 256 MiB as 1 DIMM out of slot 0 (16 of 16 free after), node 0; 1259 → 1003 MiB of at most 8 GiB; no restart; the guest has to give it up: what it refuses stays, and the update fails then",
  },
  {
    name: "by several: the fewest that add up to it, and of equals the newest",
    before: running({ devices: [ours(0, 256), ours(1, 256), ours(2, 512), ours(3, 256)] }, { cells: [2283] }),
    had: { memory: "2283MiB", hotplug: allowUnplug },
    change: { memory: "1515MiB" },
    outcome: "live",
    sentence:
      "hot-unplug 768 MiB as 2 DIMMs (256 MiB, 512 MiB) out of slots 3, 2 (14 of 16 free after), node 0; 2283 → 1515 MiB of at most 8 GiB; no restart; the guest has to give it up: what it refuses stays, and the update fails then",
  },
  {
    name: "spread over all nodes",
    before: running(
      { cells: [512, 512], devices: [ours(0, 512, 0), ours(1, 512, 1)] },
      { cells: [1024, 1024] },
    ),
    had: { memory: "2GiB", numa: twoNodes, hotplug: { ...allowUnplug, targetNode: "spread" } },
    change: { memory: "1GiB" },
    outcome: "live",
    sentence:
      "hot-unplug 1 GiB as 2 DIMMs of 512 MiB each out of slots 1, 0 (16 of 16 free after), nodes 0, 1; 2048 → 1024 MiB of at most 8 GiB; no restart; the guest has to give it up: what it refuses stays, and the update fails then",
  },
  {
    name: "a decrease and a higher maxMemory",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    had: { memory: "1259MiB", hotplug: allowUnplug },
    change: { memory: "1003MiB", maxMemory: "16GiB" },
    outcome: "live",
    sentence:
      "hot-unplug 256 MiB as 1 DIMM out of slot 0 (16 of 16 free after), node 0; 1259 → 1003 MiB of at most 8 GiB; no restart; the guest has to give it up: what it refuses stays, and the update fails then; the maximum of 16 GiB takes effect at the next boot",
  },
  {
    name: "a decrease of a transient domain",
    before: transient({ devices: [ours(0, 256)] }),
    had: { memory: "1259MiB", hotplug: allowUnplug },
    change: { memory: "1003MiB" },
    outcome: "live",
    sentence:
      "hot-unplug 256 MiB as 1 DIMM out of slot 0 (16 of 16 free after), node 0; 1259 → 1003 MiB of at most 8 GiB; no restart; the guest has to give it up: what it refuses stays, and the update fails then; the domain is transient, so the new size ends with it",
  },
  {
    name: "a decrease that was interrupted after its first DIMM",
    before: running({ devices: [ours(0, 256)] }, { cells: [1515] }),
    had: { memory: "1003MiB", hotplug: allowUnplug },
    change: {},
    outcome: "live",
    sentence:
      "hot-unplug 256 MiB as 1 DIMM out of slot 0 (16 of 16 free after), node 0; 1259 → 1003 MiB of at most 8 GiB; no restart; the guest has to give it up: what it refuses stays, and the update fails then",
  },
  {
    name: "a decrease that waits for the next boot, and allowUnplug from now on",
    before: { ...running({ devices: [ours(0, 256)] }, { cells: [1003] }), pending: 1003 * 1024 },
    had: { memory: "1003MiB", hotplug: { whenNotPossible: "nextBoot" } },
    change: { hotplug: { whenNotPossible: "nextBoot", ...allowUnplug } },
    outcome: "live",
    sentence:
      "hot-unplug 256 MiB as 1 DIMM out of slot 0 (16 of 16 free after), node 0; 1259 → 1003 MiB of at most 8 GiB; no restart; the guest has to give it up: what it refuses stays, and the update fails then",
  },
  {
    name: "a decrease now, where a larger size of ours is pending",
    before: { ...running({ devices: [ours(0, 256)] }, { cells: [2027] }), pending: 2027 * 1024 },
    had: { memory: "2027MiB", hotplug: allowUnplug },
    change: { memory: "1003MiB" },
    outcome: "live",
    sentence:
      "hot-unplug 256 MiB as 1 DIMM out of slot 0 (16 of 16 free after), node 0; 1259 → 1003 MiB of at most 8 GiB; no restart; the guest has to give it up: what it refuses stays, and the update fails then; the pending 2027 MiB is superseded",
  },
  {
    name: "allowUnplug false",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    had: { memory: "1259MiB" },
    change: { memory: "1003MiB" },
    outcome: "replace",
    sentence: `replace: 1259 → 1003 MiB can't be hot-unplugged: hotplug.allowUnplug is false (with it the guest could be asked for 256 MiB in slot 0); live from here: 1259 MiB, which it has (1515 MiB to 8171 MiB in steps of 256 MiB); ${replaceCosts}`,
  },
  {
    name: "allowUnplug false, and no DIMMs that add up to it",
    before: running({ devices: [ours(0, 256), ours(1, 512)] }, { cells: [1771] }),
    had: { memory: "1771MiB" },
    change: { memory: "1387MiB" },
    outcome: "replace",
    sentence: `replace: 1771 → 1387 MiB can't be hot-unplugged: no DIMMs of this provider's add up to 384 MiB: node 0 has 256 MiB in slot 0 and 512 MiB in slot 1; hotplug.allowUnplug is false (with it live: 1003 MiB to 1515 MiB in steps of 256 MiB); live from here: 1771 MiB, which it has (2027 MiB to 8171 MiB in steps of 256 MiB); ${replaceCosts}`,
  },
  {
    name: "no DIMMs that add up to it",
    before: running({ devices: [ours(0, 256), ours(1, 512)] }, { cells: [1771] }),
    had: { memory: "1771MiB", hotplug: allowUnplug },
    change: { memory: "1387MiB" },
    outcome: "replace",
    sentence: `replace: 1771 → 1387 MiB can't be hot-unplugged: no DIMMs of this provider's add up to 384 MiB: node 0 has 256 MiB in slot 0 and 512 MiB in slot 1; live from here: 1259 MiB; 1515 MiB (1003 MiB to 1515 MiB in steps of 256 MiB; 2027 MiB to 8171 MiB in steps of 256 MiB); ${replaceCosts}`,
  },
  {
    name: "the same, with whenNotPossible nextBoot: the definition alone",
    before: running({ devices: [ours(0, 256), ours(1, 512)] }, { cells: [1771] }),
    had: { memory: "1771MiB", hotplug: { ...allowUnplug, whenNotPossible: "nextBoot" } },
    change: { memory: "1387MiB" },
    outcome: "nextBoot",
    sentence: `next boot: 1771 → 1387 MiB can't be hot-unplugged: no DIMMs of this provider's add up to 384 MiB: node 0 has 256 MiB in slot 0 and 512 MiB in slot 1; live from here: 1259 MiB; 1515 MiB (1003 MiB to 1515 MiB in steps of 256 MiB; 2027 MiB to 8171 MiB in steps of 256 MiB); it ${nextBoot}`,
  },
  {
    name: "below what the domain was started with",
    before: running(),
    change: { memory: "747MiB" },
    outcome: "replace",
    sentence: `replace: 1003 → 747 MiB can't be hot-unplugged: memory that a running domain was started with can't be taken away (256 MiB less is asked); live from here: 1003 MiB, which it has (1259 MiB to 8171 MiB in steps of 256 MiB); ${replaceCosts}`,
  },
  {
    name: "below that, where some of it is in DIMMs",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    had: { memory: "1259MiB", hotplug: allowUnplug },
    change: { memory: "747MiB" },
    outcome: "replace",
    sentence: `replace: 1259 → 747 MiB can't be hot-unplugged: 512 MiB less is asked, and this provider's DIMMs come to 256 MiB on node 0; what stays: 1003 MiB that the domain was started with; live from here: 1003 MiB (1003 MiB; 1515 MiB to 8171 MiB in steps of 256 MiB); ${replaceCosts}`,
  },
  {
    name: "DIMMs of others",
    before: running({ devices: [theirs(0, 256)] }, {}),
    had: { memory: "1259MiB", hotplug: allowUnplug },
    change: { memory: "1003MiB" },
    outcome: "replace",
    sentence: `replace: 1259 → 1003 MiB can't be hot-unplugged: 256 MiB less is asked, and none of it is in DIMMs of this provider's on node 0; what stays: 1003 MiB that the domain was started with, 256 MiB in memory devices of others; live from here: 1259 MiB, which it has (1515 MiB to 8171 MiB in steps of 256 MiB); ${replaceCosts}`,
  },
  {
    name: "DIMMs on another node than the target",
    before: running({ cells: [512, 512], devices: [ours(0, 512, 0)] }, { cells: [1024, 512] }),
    had: { memory: "1536MiB", numa: twoNodes, hotplug: { ...allowUnplug, targetNode: 1 } },
    change: { memory: "1GiB" },
    outcome: "replace",
    sentence: `replace: 1536 → 1024 MiB can't be hot-unplugged: 512 MiB less is asked, and none of it is in DIMMs of this provider's on node 1; what stays: 1024 MiB that the domain was started with, 512 MiB in DIMMs on nodes other than hotplug.targetNode (1); live from here: 1536 MiB, which it has (1792 MiB to 8192 MiB in steps of 256 MiB); ${replaceCosts}`,
  },
  {
    name: "spread, and the DIMMs of the nodes don't come to the same then",
    before: running(
      { cells: [512, 512], devices: [ours(0, 512, 0), ours(1, 512, 1)] },
      { cells: [1024, 1024] },
    ),
    had: { memory: "2GiB", numa: twoNodes, hotplug: { ...allowUnplug, targetNode: "spread" } },
    change: { memory: "1536MiB" },
    outcome: "replace",
    sentence: `replace: 2048 → 1536 MiB can't be hot-unplugged: 512 MiB can't be taken evenly out of 2 nodes: node 0 would have to give up 256 MiB of 512 MiB in slot 0; node 1 would have to give up 256 MiB of 512 MiB in slot 1; live from here: 1024 MiB; 2048 MiB, which it has (1024 MiB; 2560 MiB to 8192 MiB in steps of 512 MiB); ${replaceCosts}`,
  },
  {
    name: "a paused guest",
    before: paused(running({ devices: [ours(0, 256)] }, { cells: [1259] })),
    had: { memory: "1259MiB", hotplug: allowUnplug },
    change: { memory: "1003MiB" },
    outcome: "replace",
    sentence: `replace: 1259 → 1003 MiB can't be hot-unplugged: the domain is paused, and its guest can give memory up only once it is resumed; live from here: 1259 MiB, which it has (1515 MiB to 8171 MiB in steps of 256 MiB); ${replaceCosts}`,
  },
  {
    name: "DIMMs, and hot-plug switched off",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259], max: undefined }),
    had: { memory: "1259MiB", hotplug: { ...allowUnplug, enabled: false } },
    change: { memory: "1003MiB" },
    outcome: "replace",
    sentence: `replace: 1259 → 1003 MiB can't be hot-unplugged: hotplug.enabled is false; no other size is live from 1259 MiB; ${replaceCosts}`,
  },
  {
    name: "a decrease with applyOn nextBoot",
    before: running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    had: { memory: "1259MiB", hotplug: { ...allowUnplug, applyOn: "nextBoot" } },
    change: { memory: "1003MiB" },
    outcome: "nextBoot",
    sentence: `1259 → 1003 MiB ${nextBoot}`,
  },
  {
    name: "the domain changed between preview and up, so that DIMMs would have to go",
    before: running(),
    had: { hotplug: allowUnplug },
    change: { memory: "1259MiB" },
    found: running({ devices: [ours(0, 256), ours(1, 256)] }, {}),
    outcome: "refuse",
    sentence:
      "the domain changed: the preview said «hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart», and now it is «hot-unplug 256 MiB as 1 DIMM out of slot 1 (15 of 16 free after), node 0; 1515 → 1259 MiB of at most 8 GiB; no restart; the guest has to give it up: what it refuses stays, and the update fails then»; nothing was done: refresh and preview again",
  },
];
