import { MIB, off, ours, running, view, vmem } from "../../support/scene.ts";
import { maximum, nextBoot, type OutcomeRow } from "./row.ts";

/** A running domain whose balloon leaves 512 MiB, now and at the next boot. */
const ballooned = {
  ...running(),
  live: { ...view(), currentMemory: 512 * MIB },
  nextBoot: { ...view(), currentMemory: 512 * MIB },
};

/** What the program wants of the memory balloon. */
export const BALLOON: OutcomeRow[] = [
  {
    name: "currentMemory",
    before: running(),
    change: { currentMemory: "512MiB" },
    outcome: "live",
    headline: "live: balloon target 1003 → 512 MiB, now and at the next boot",
  },
  {
    name: "memory and currentMemory",
    before: running(),
    change: { memory: "1259MiB", currentMemory: "512MiB" },
    outcome: "live",
    headline: "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
    details: [maximum, "live: balloon target 1259 → 512 MiB, once the guest has the new memory"],
  },
  {
    name: "only memory, where currentMemory stays",
    before: ballooned,
    had: { currentMemory: "512MiB" },
    change: { memory: "1259MiB" },
    outcome: "live",
    headline: "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
    details: [maximum, "live: balloon target 768 → 512 MiB, once the guest has the new memory"],
  },
  {
    name: "currentMemory removed from the program",
    before: ballooned,
    had: { currentMemory: "512MiB" },
    // Nothing said, as check reads it.
    change: { currentMemory: null },
    outcome: "live",
    headline: "live: balloon target 512 → 1003 MiB, now and at the next boot",
    details: ["the program no longer sets currentMemory, so the guest gets all of its memory back"],
  },
  {
    name: "currentMemory of a paused domain",
    before: { ...running(), power: "paused" },
    change: { currentMemory: "512MiB" },
    outcome: "live",
    headline: "live: balloon target 1003 → 512 MiB, now and at the next boot",
    details: ["the domain is paused: the guest's driver reacts once the domain resumes"],
  },
  {
    name: "a retry after an interruption: the running domain is at the target",
    before: { ...ballooned, nextBoot: view() },
    had: { currentMemory: "512MiB" },
    change: {},
    outcome: "live",
    headline: "live: balloon target 1003 → 512 MiB in the definition (the running domain already has it)",
  },
  {
    name: "currentMemory of a domain that is off",
    before: off(),
    had: { running: false },
    change: { currentMemory: "512MiB" },
    outcome: "live",
    headline: "live: balloon target 1003 → 512 MiB in the definition (the domain is off)",
  },
  {
    name: "currentMemory with applyOn nextBoot",
    before: running(),
    had: { hotplug: { applyOn: "nextBoot" } },
    change: { currentMemory: "512MiB" },
    outcome: "nextBoot",
    headline: "next boot: balloon target 1003 → 512 MiB, after a shutdown and start",
    details: [nextBoot],
  },
  {
    name: "currentMemory of a domain that was started without a balloon",
    before: { ...running(), live: { ...view(), withoutBalloon: true } },
    change: { currentMemory: "512MiB" },
    outcome: "nextBoot",
    headline: "next boot: balloon target 1003 → 512 MiB, after a shutdown and start",
    details: ["the running domain has no balloon device", nextBoot],
  },
  {
    name: "currentMemory, where the memory is pending for the next boot",
    before: running(),
    had: { hotplug: { whenNotPossible: "nextBoot" } },
    change: { memory: "1300MiB", currentMemory: "512MiB" },
    outcome: "nextBoot",
    headline: "next boot: 1003 → 1300 MiB, after a shutdown and start",
    details: [
      "sizes that work without a restart: 1259 MiB, 1515 MiB; range 1259–8171 MiB, step 256 MiB",
      nextBoot,
      "live: balloon target 1003 → 512 MiB, now and at the next boot",
    ],
    codes: ["not-aligned"],
  },
  {
    name: "the target that is set already: a second up",
    before: { ...running({ devices: [ours(0, 256)] }, { cells: [1259] }), ...grown() },
    had: { memory: "1259MiB", currentMemory: "512MiB" },
    change: {},
    outcome: "none",
    headline: "",
  },
  {
    name: "a target that the guest hasn't reached: a second up",
    before: { ...ballooned, live: view(), told: 512 * MIB },
    had: { currentMemory: "512MiB" },
    change: {},
    outcome: "none",
    headline: "",
  },
  {
    name: "currentMemory above the memory",
    before: running(),
    change: { currentMemory: "2GiB" },
    outcome: "check error",
    headline:
      "currentMemory is 2048 MiB, above memory (1003 MiB); lower it, or remove it to leave the guest all of its memory",
  },
  {
    name: "currentMemory that no guest can run with",
    before: running(),
    change: { currentMemory: "128MiB" },
    outcome: "check error",
    headline:
      "currentMemory is 128 MiB, but with 1003 MiB of memory the guest's kernel needs at least 144 MiB",
  },
  {
    name: "currentMemory, with a virtio-mem device not managed by this provider",
    before: running({ devices: [{ ...vmem(0, 4096), alias: "ua-theirs" }] }),
    change: { currentMemory: "512MiB" },
    outcome: "refuse",
    headline: "refused: currentMemory can't be combined with virtio-mem, but node 0 has a virtio-mem device",
    details: ["remove currentMemory from the program, or that device from the domain"],
    codes: ["balloon-with-virtio-mem"],
  },
  {
    name: "currentMemory with balloon false",
    before: running(),
    change: { currentMemory: "512MiB", balloon: false },
    outcome: "check error",
    headline: "currentMemory needs a balloon device, but balloon is false; remove one of the two",
  },
];

/** Grown by 256 MiB and folded, with 512 MiB left by the balloon. */
function grown() {
  return {
    live: { ...view({ devices: [ours(0, 256)] }), currentMemory: 512 * MIB },
    nextBoot: { ...view({ cells: [1259] }), currentMemory: 512 * MIB },
  };
}
