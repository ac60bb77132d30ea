import { off, running } from "../../support/scene.ts";
import { nextBoot, type OutcomeRow } from "./row.ts";

const vnc = (password?: string, rest: object = {}) => ({
  graphics: { type: "vnc", ...(password !== undefined && { password }), ...rest },
});

/** The first line of the details of a plan that waits for the next boot. */
const atNextBoot = (name: string): Pick<OutcomeRow, "outcome" | "headline" | "details"> => ({
  outcome: "nextBoot",
  headline: `next boot: ${name}, after a shutdown and start`,
  details: [nextBoot],
});

/** Graphics and the other devices that have nothing to do with the size of a domain. */
export const HARDWARE: OutcomeRow[] = [
  {
    name: "another graphics password",
    before: running(),
    had: vnc("first"),
    change: vnc("second"),
    outcome: "live",
    headline: "live: change the VNC password, no restart",
    details: ["clients that are connected stay connected; the next one needs the new password"],
  },
  {
    name: "a password that is added, or removed",
    before: running(),
    had: vnc(),
    change: vnc("second"),
    ...atNextBoot("graphics"),
  },
  {
    name: "another address, port or protocol of the graphics",
    before: running(),
    had: vnc("first"),
    change: vnc("second", { listen: "0.0.0.0" }),
    ...atNextBoot("graphics"),
  },
  {
    name: "another password of a domain that is off",
    before: off(),
    had: { ...vnc("first"), running: false },
    change: vnc("second"),
    outcome: "live",
    headline: "live: change graphics in the definition",
  },
  {
    name: "another password of a domain that a larger memory restarts",
    before: running(),
    had: { ...vnc("first"), hotplug: { whenNotPossible: "restart" } },
    change: { ...vnc("second"), memory: "1300MiB" },
    outcome: "restart",
    headline:
      "restart: 1003 → 1300 MiB is not a multiple of 256 MiB (live: 1259 or 1515 MiB); also changes graphics",
    details: [
      "sizes that work without a restart: 1259 MiB, 1515 MiB; range 1259–8171 MiB, step 256 MiB",
      "the guest is shut down within shutdownTimeout (it is never forced off) and started with 1300 MiB",
      "restart: graphics, with the same restart",
    ],
    codes: ["not-aligned"],
  },
  ...(["video", "rng", "tpm", "watchdog"] as const).map(
    (name): OutcomeRow => ({
      name: `another ${name}`,
      before: running(),
      change: { [name]: name === "video" ? { model: "virtio" } : {} },
      ...atNextBoot(name),
    }),
  ),
  {
    name: "shared memory, or huge pages",
    before: running(),
    change: { memoryBacking: { shared: true } },
    ...atNextBoot("memoryBacking"),
  },
  {
    name: "locked memory without a hard limit",
    before: running(),
    change: { memoryBacking: { locked: true } },
    ...atNextBoot("memoryBacking"),
    details: [
      nextBoot,
      "memoryBacking.locked without <memtune><hard_limit> lets QEMU lock as much of the host's memory as it likes; set a limit in xml, or with virsh memtune --hard-limit",
    ],
  },
  {
    name: "huge pages that the memory isn't a multiple of",
    before: running(),
    change: { memoryBacking: { hugePages: "2MiB" } },
    outcome: "check error",
    headline:
      "memory is 1003 MiB, which is not a multiple of 2 MiB (memoryBacking.hugePages); use 1002 MiB or 1004 MiB",
  },
];
