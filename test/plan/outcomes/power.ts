import type { Observed } from "../../../provider/plan/observed.ts";
import type { PauseReason } from "../../../provider/plan/pause.ts";
import { off, paused, running, view } from "../../support/scene.ts";
import { keptByRestart, maximum, nextBoot, type OutcomeRow, replaceCosts } from "./row.ts";

const saved: Observed = { ...off(), saved: view() };
const pausedBy = (pause: PauseReason): Observed => ({ ...paused(running()), pause });

const restores =
  "the domain has a saved state (virsh managedsave), which a start restores with the memory and the devices that it was saved with; discardSavedState: true starts it without the saved state";
const staysPaused = "a guest that was paused when it was saved is paused again; running: true resumes it";
const restored = "live: restore the domain from its saved state with 1003 MiB";
const noOther = "no other size works without a restart";
const pausesEnd =
  'a pause ends, so the domain isn\'t replaced for it; hotplug.whenNotPossible "nextBoot" sets the size for the next boot';

/** Domains that are saved or paused. */
export const POWER: OutcomeRow[] = [
  {
    name: "an increase of a domain with a saved state (`virsh managedsave`)",
    before: saved,
    change: { memory: "1259MiB" },
    outcome: "live",
    headline:
      "live: restore with 1003 MiB, then 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
    details: [maximum, restored, restores, staysPaused],
  },
  {
    name: "a size that isn't live after the restore",
    before: saved,
    change: { memory: "1300MiB" },
    outcome: "replace",
    headline: "replace: 1003 → 1300 MiB is not a multiple of 256 MiB (live: 1259 or 1515 MiB)",
    details: [
      "sizes that work without a restart: 1259 MiB, 1515 MiB; range 1259–8171 MiB, step 256 MiB",
      replaceCosts,
      "the saved state (virsh managedsave, 1003 MiB) is lost as well",
      keptByRestart,
    ],
    codes: ["not-aligned"],
  },
  {
    name: "vCPUs of a domain with a saved state",
    before: saved,
    change: { vcpus: 4 },
    outcome: "nextBoot",
    headline: "next boot: restore with 1003 MiB, then vCPUs 1 → 4, after a shutdown and start",
    codes: ["beyond-max-vcpus"],
    details: [
      nextBoot,
      "after that the domain has room for 16 vCPUs, so later increases can be live",
      restored,
      restores,
      staysPaused,
    ],
  },
  {
    name: "any size with discardSavedState: true",
    before: saved,
    had: { discardSavedState: true },
    change: { memory: "1300MiB" },
    outcome: "restart",
    headline:
      "restart: discard the saved state (1003 MiB) and start the domain (discardSavedState); memory in the definition",
    details: [
      "the guest's memory in the saved state is lost",
      "live: 1003 → 1300 MiB in the definition (the domain is off)",
      "maximum at the next boot: 8 GiB",
    ],
  },
  {
    name: "a domain with a saved state that should be off",
    before: saved,
    had: { running: false },
    change: { memory: "1300MiB" },
    outcome: "nextBoot",
    headline: "next boot: 1003 → 1300 MiB in the definition (the saved state of 1003 MiB comes first)",
    details: [
      "the domain has a saved state, which the next start restores with 1003 MiB and the devices that it was saved with; the definition applies to the start after that",
    ],
  },
  {
    name: "an increase of a domain that a user paused, with running: true",
    before: pausedBy("user"),
    had: { running: true },
    change: { memory: "1259MiB" },
    outcome: "live",
    headline: "live: resume, then 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
    details: [maximum, "live: resume the domain, which is paused (user)"],
  },
  {
    name: "a domain that a user paused, to be shut down",
    before: pausedBy("user"),
    change: { running: false },
    outcome: "restart",
    headline: "restart: resume, then shut the domain down (running: false)",
    details: ["the domain is paused (user): it is resumed first, to shut down"],
  },
  {
    name: "an increase of a domain that an I/O error, the watchdog or a crash paused",
    before: pausedBy("I/O error"),
    change: { memory: "1259MiB" },
    outcome: "refuse",
    headline: "refused: 1003 → 1259 MiB needs a running guest, but the domain is paused (I/O error)",
    details: [noOther, pausesEnd],
    codes: ["domain-halted"],
  },
  {
    name: "the same with whenNotPossible nextBoot",
    before: pausedBy("I/O error"),
    change: { memory: "1259MiB", hotplug: { whenNotPossible: "nextBoot" } },
    outcome: "nextBoot",
    headline: "next boot: 1003 → 1259 MiB, after a shutdown and start",
    details: [noOther, nextBoot],
    codes: ["domain-halted"],
  },
  {
    name: "such a domain, to be shut down with forceOff: true",
    before: pausedBy("I/O error"),
    had: { forceOff: true },
    change: { running: false },
    outcome: "restart",
    headline: "restart: shut the domain down (running: false)",
    details: [
      "the domain is paused (I/O error): its guest can't shut down, so it is forced off at once (forceOff)",
    ],
  },
  {
    name: "the same without forceOff",
    before: pausedBy("I/O error"),
    change: { running: false },
    outcome: "refuse",
    headline:
      "refused: the domain is paused (I/O error): its guest can't shut down, and only forceOff: true allows it to be forced off",
    details: ["set forceOff: true, or deal with the cause and resume the domain (virsh resume)"],
    codes: ["domain-halted"],
  },
  {
    name: "a replace of such a domain",
    before: pausedBy("I/O error"),
    change: { arch: "aarch64" },
    outcome: "refuse",
    headline:
      "refused: the domain is paused (I/O error): its guest can't shut down, and only forceOff: true allows it to be forced off",
    details: [
      "set forceOff: true, or deal with the cause and resume the domain (virsh resume)",
      'planned: "replace: changing arch needs a new domain"',
    ],
    codes: ["domain-halted"],
  },
  {
    name: "any change of a domain that a migration, a save or another job holds",
    before: pausedBy("migrating"),
    change: { memory: "1259MiB" },
    outcome: "refuse",
    headline:
      "refused: another job holds the domain, which is paused (migrating); run pulumi up again once it has ended",
    details: ['planned: "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart"'],
    codes: ["domain-busy"],
  },
  {
    name: "an increase of a guest that is asleep (suspended to memory)",
    before: pausedBy("asleep"),
    change: { memory: "1259MiB" },
    outcome: "refuse",
    headline: "refused: 1003 → 1259 MiB needs a guest that is awake, but it is suspended to memory",
    details: [noOther, pausesEnd],
    codes: ["domain-asleep"],
  },
  {
    name: "the same with running: true",
    before: pausedBy("asleep"),
    had: { running: true },
    change: { memory: "1259MiB" },
    outcome: "live",
    headline: "live: wake, then 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
    details: [maximum, "live: wake the guest, which is asleep (suspended to memory)"],
  },
  {
    name: "only a setting, of a domain that is found shut down during `up`",
    before: running(),
    change: { shutdownTimeout: 5 },
    outcome: "none",
    headline: "",
    found: off(),
  },
];
