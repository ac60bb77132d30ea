import { planMemory } from "../../../provider/plan/plan-memory.ts";
import { permittedPlan, previewedPlan } from "../../../provider/plan/preview-contract.ts";
import { ask, MIB, ours, paused, running, transient } from "../../support/scene.ts";
import { memory, type Row, update } from "./row.ts";

const grow = { memory: "1259MiB" };
const grown = update(grow);
const full = update(grow, running({ slots: 1, devices: [ours(0, 200)] }));
const unplugs = update(
  { ...grow, hotplug: { allowUnplug: true } },
  running({ devices: [ours(0, 256), ours(1, 256)] }, {}),
);

/** Why a plan has another outcome, or is refused: the state of the domain, the preview, and what the program permits. */
export const OUTCOME: Row[] = [
  [
    "domain-paused",
    "the domain is paused: the guest can only release memory once the domain resumes",
    memory(ask(1003), paused(running({ devices: [ours(0, 256)] }))),
  ],
  [
    "pending-by-others",
    "someone else set 2027 MiB for the next boot, but the program wants 1259 MiB",
    planMemory(ask(1259), running({}, { cells: [2027] }), { recorded: 1003 * MIB }),
  ],
  [
    "when-not-possible-error",
    'hotplug.whenNotPossible is "error", so nothing is done; "replace", "restart" and "nextBoot" are the other options',
    memory(ask(1300, { whenNotPossible: "error" }), running()),
  ],
  [
    "downtime-forbidden",
    "the stack forbids downtime (libvirt-hotplug:allowDowntime is false), so nothing is done",
    memory(ask(1300, { allowDowntime: false }), running()),
  ],
  ["adopted-domain", "adopted domains are never replaced", memory(ask(1300, { adopted: true }), running())],
  [
    "transient-domain",
    "the domain is transient: it is gone once it stops, so it has no next boot",
    memory(ask(1300, { whenNotPossible: "restart" }), transient()),
  ],
  [
    "transient-domain",
    'hotplug.applyOn is "nextBoot", but the domain is transient and has no next boot',
    memory(ask(1259, { applyOn: "nextBoot" }), transient()),
  ],
  [
    "replace-required",
    "changing name, arch and firmware needs a new domain",
    update({ name: "front", arch: "aarch64", firmware: "uefi" }),
  ],
  [
    "domain-changed",
    "the domain changed since the preview (planned: live, now: replace)",
    permittedPlan(grown, full),
  ],
  [
    "domain-changed",
    "the domain changed since the preview (memory would be removed)",
    permittedPlan(grown, unplugs),
  ],
  [
    "domain-changed",
    "the domain changed since the state was recorded (planned: live, now: replace)",
    previewedPlan(grown, full),
  ],
  [
    "domain-halted",
    "the domain is paused (I/O error): its guest can't take memory until the cause is dealt with and the domain is resumed (virsh resume)",
    memory(ask(1259), { ...paused(running()), pause: "I/O error" }),
  ],
  [
    "domain-asleep",
    "the guest is asleep (suspended to memory): it would never see memory that is plugged while it sleeps; wake it first (running: true, or virsh dompmwakeup)",
    memory(ask(1259), { ...paused(running()), pause: "asleep" }),
  ],
  [
    "domain-busy",
    "another job holds the domain, which is paused (migrating); run pulumi up again once it has ended",
    update(grow, { ...paused(running()), pause: "migrating" }),
  ],
  ["not-previewed", "a replace wasn't previewed", permittedPlan(undefined, full)],
];
