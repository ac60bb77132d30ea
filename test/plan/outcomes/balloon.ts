import { MIB, off, ours, running, view, vmem } from "../../support/scene.ts";
import { nextBoot, type OutcomeRow } from "./row.ts";

/** A running domain whose balloon leaves 512 MiB, now and at the next boot. */
const ballooned = {
  ...running(),
  live: { ...view(), currentMemory: 512 * MIB },
  nextBoot: { ...view(), currentMemory: 512 * MIB },
};

/** What the program says of the memory balloon. */
export const BALLOON: OutcomeRow[] = [
  {
    name: "currentMemory",
    before: running(),
    change: { currentMemory: "512MiB" },
    outcome: "live",
    sentence: "balloon 1003 → 512 MiB, live and at the next boot",
  },
  {
    name: "memory and currentMemory",
    before: running(),
    change: { memory: "1259MiB", currentMemory: "512MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; when the guest has that, the balloon goes 1259 → 512 MiB",
  },
  {
    name: "memory alone, where currentMemory stays",
    before: ballooned,
    had: { currentMemory: "512MiB" },
    change: { memory: "1259MiB" },
    outcome: "live",
    sentence:
      "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; when the guest has that, the balloon goes 768 → 512 MiB",
  },
  {
    name: "currentMemory taken out of the program",
    before: ballooned,
    had: { currentMemory: "512MiB" },
    // Nothing said, as check reads it.
    change: { currentMemory: null },
    outcome: "live",
    sentence:
      "balloon 512 → 1003 MiB, live and at the next boot (all of it: the program names no currentMemory any more)",
  },
  {
    name: "currentMemory of a paused domain",
    before: { ...running(), power: "paused" },
    change: { currentMemory: "512MiB" },
    outcome: "live",
    sentence:
      "balloon 1003 → 512 MiB, live and at the next boot; the domain is paused: its guest follows when it resumes",
  },
  {
    name: "the balloon is there, its definition isn't: a retry after an interruption",
    before: { ...ballooned, nextBoot: view() },
    had: { currentMemory: "512MiB" },
    change: {},
    outcome: "live",
    sentence: "the balloon of the running domain leaves 512 MiB; its definition's goes 1003 → 512 MiB",
  },
  {
    name: "currentMemory of a domain that is off",
    before: off(),
    had: { running: false },
    change: { currentMemory: "512MiB" },
    outcome: "live",
    sentence: "the domain is off: its definition's balloon goes 1003 → 512 MiB",
  },
  {
    name: "currentMemory with applyOn nextBoot",
    before: running(),
    had: { hotplug: { applyOn: "nextBoot" } },
    change: { currentMemory: "512MiB" },
    outcome: "nextBoot",
    sentence: `balloon 1003 → 512 MiB: ${nextBoot}`,
  },
  {
    name: "currentMemory of a domain that was started without a balloon",
    before: { ...running(), live: { ...view(), withoutBalloon: true } },
    change: { currentMemory: "512MiB" },
    outcome: "nextBoot",
    sentence: `balloon 1003 → 512 MiB: the running domain has none, so it ${nextBoot}`,
  },
  {
    name: "currentMemory, where the memory has to wait for the next boot",
    before: running(),
    had: { hotplug: { whenNotPossible: "nextBoot" } },
    change: { memory: "1300MiB", currentMemory: "512MiB" },
    outcome: "nextBoot",
    sentence: `next boot: 1003 → 1300 MiB can't be hot-plugged: the increase of 297 MiB is no multiple of 256 MiB; live from here: 1259 MiB; 1515 MiB (1259 MiB to 8171 MiB in steps of 256 MiB); it ${nextBoot}; balloon 1003 → 512 MiB, live and at the next boot`,
  },
  {
    name: "as it is named already: a second up",
    before: { ...running({ devices: [ours(0, 256)] }, { cells: [1259] }), ...grown() },
    had: { memory: "1259MiB", currentMemory: "512MiB" },
    change: {},
    outcome: "none",
    sentence: "",
  },
  {
    name: "what was told and not waited for: a second up",
    before: { ...ballooned, live: view(), told: 512 * MIB },
    had: { currentMemory: "512MiB" },
    change: {},
    outcome: "none",
    sentence: "",
  },
  {
    name: "currentMemory above the memory",
    before: running(),
    change: { currentMemory: "2GiB" },
    outcome: "check error",
    sentence:
      "currentMemory is 2048 MiB, above memory (1003 MiB); lower it, or remove it to leave the guest all of its memory",
  },
  {
    name: "currentMemory that no guest lives on",
    before: running(),
    change: { currentMemory: "128MiB" },
    outcome: "check error",
    sentence:
      "currentMemory is 128 MiB; with 1003 MiB of memory it must be at least 144 MiB, which the guest's kernel needs",
  },
  {
    name: "currentMemory beside a virtio-mem device of others",
    before: running({ devices: [{ ...vmem(0, 4096), alias: "ua-theirs" }] }),
    change: { currentMemory: "512MiB" },
    outcome: "refuse",
    sentence:
      "currentMemory is 512 MiB of 1003 MiB, and the domain has a virtio-mem device of others on node 0: a balloon can't be counted together with virtio-mem; take currentMemory out of the program, or that device out of the domain",
  },
  {
    name: "currentMemory with balloon false",
    before: running(),
    change: { currentMemory: "512MiB", balloon: false },
    outcome: "check error",
    sentence: "currentMemory is the balloon target, but balloon is false; remove one of the two",
  },
];

/** Grown by 256 MiB and folded, with 512 MiB left by the balloon. */
function grown() {
  return {
    live: { ...view({ devices: [ours(0, 256)] }), currentMemory: 512 * MIB },
    nextBoot: { ...view({ cells: [1259] }), currentMemory: 512 * MIB },
  };
}
