import { UNKNOWN } from "../../../provider/args/unknown.ts";
import { ours, running } from "../../support/scene.ts";
import { nothingDone, type OutcomeRow } from "./row.ts";

/** What isn't known, and what is refused. */
export const REFUSED: OutcomeRow[] = [
  {
    name: "memory that isn't known yet",
    before: running(),
    change: { memory: UNKNOWN },
    outcome: "unknown",
    headline: "unknown: live if possible, otherwise replace (depends on a value not known yet)",
  },
  {
    name: "memory above maxMemory",
    before: running(),
    change: { memory: "9GiB" },
    outcome: "check error",
    headline: "memory is 9216 MiB, above maxMemory (8192 MiB); lower memory or raise maxMemory",
  },
  {
    name: "a 32-bit guest above its limit",
    before: running(),
    had: { guestWidth: 32 },
    change: { memory: "21GiB", maxMemory: "21GiB" },
    outcome: "check error",
    headline:
      "memory is 21504 MiB, above the limit of 20480 MiB for a 32-bit guest (libvirt-hotplug:maxMemory32Bit)",
  },
  {
    name: "a target node that doesn't exist",
    before: running(),
    change: { hotplug: { targetNode: 1 } },
    outcome: "check error",
    headline:
      "hotplug.targetNode is 1, but without numa in the program only node 0 is known; set numa to the nodes of the domain",
  },
  {
    name: "two nodes without memory",
    before: running(),
    change: { numa: [{ memory: "1003MiB" }, {}, {}] },
    outcome: "check error",
    headline: "numa has 2 nodes without memory (1, 2); at most one may be empty",
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
    headline: `numa leaves node 1 empty with hotplug.emptyNode "exact", but pc-q35-7.2 can't start with an empty node; use emptyNode "minimal" (1 MiB in that node), or a machine type up to 5.0 such as "pc-q35-5.0" or "virt-5.0"`,
  },
  {
    name: "the domain changed between preview and up, so that the increase needs downtime",
    before: running(),
    change: { memory: "1259MiB" },
    outcome: "refuse",
    headline:
      "refused: the domain changed since the preview (planned: live, now: replace); refresh and preview again",
    details: [
      'planned: "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart"',
      'now: "replace: 1131 → 1259 MiB is not a multiple of 256 MiB"',
      nothingDone,
    ],
    codes: ["domain-changed", "not-aligned", "slots-exhausted"],
    found: running({ slots: 1, devices: [ours(0, 128)] }, { cells: [1131], slots: 1 }),
  },
];
