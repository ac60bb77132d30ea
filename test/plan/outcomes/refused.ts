import { UNKNOWN } from "../../../provider/args/unknown.ts";
import { ours, running } from "../../support/scene.ts";
import { type OutcomeRow, replaceCosts } from "./row.ts";

/** What isn't known, and what is refused. */
export const REFUSED: OutcomeRow[] = [
  {
    name: "memory that isn't known yet",
    before: running(),
    change: { memory: UNKNOWN },
    outcome: "unknown",
    sentence: "update; live if possible, else replace: not known yet",
  },
  {
    name: "memory above maxMemory",
    before: running(),
    change: { memory: "9GiB" },
    outcome: "check error",
    sentence: "memory is 9216 MiB, above maxMemory (8192 MiB); lower memory or raise maxMemory",
  },
  {
    name: "a 32-bit guest beyond its cap",
    before: running(),
    had: { guestWidth: 32 },
    change: { memory: "21GiB", maxMemory: "21GiB" },
    outcome: "check error",
    sentence:
      "memory is 21504 MiB, above the limit of 20480 MiB for a 32-bit guest (libvirt-hotplug:maxMemory32Bit)",
  },
  {
    name: "a target node that isn't there",
    before: running(),
    change: { hotplug: { targetNode: 1 } },
    outcome: "check error",
    sentence: "hotplug.targetNode is 1, but the domain only has node 0",
  },
  {
    name: "two nodes without memory",
    before: running(),
    change: { numa: [{ memory: "1003MiB" }, {}, {}] },
    outcome: "check error",
    sentence: "numa has 2 nodes without memory (1, 2); at most one may be empty",
  },
  {
    name: "a node without memory on a machine type after 5.0, with emptyNode exact",
    before: running(),
    change: {
      numa: [{ memory: "1003MiB" }, {}],
      hotplug: { targetNode: 1, emptyNode: "exact" },
      machine: "pc-q35-7.2",
    },
    outcome: "check error",
    sentence:
      'numa node 1 is empty with hotplug.emptyNode "exact", and pc-q35-7.2 does not start so; what works: emptyNode "minimal" (1 MiB in that node), or a machine type up to 5.0 such as "pc-q35-5.0" or "virt-5.0"',
  },
  {
    name: "the domain changed between preview and up, so that the increase needs downtime",
    before: running(),
    change: { memory: "1259MiB" },
    outcome: "refuse",
    sentence: `the domain changed: the preview said «hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart», and now it is «replace: 1131 → 1259 MiB can't be hot-plugged: the increase of 128 MiB is no multiple of 256 MiB; all 1 memory slots are used; they are free again when the domain has been shut down and started; no other size is live from 1131 MiB; ${replaceCosts}»; nothing was done: refresh and preview again`,
    found: running({ slots: 1, devices: [ours(0, 128)] }, { cells: [1131], slots: 1 }),
  },
];
