import type { Observed } from "../../../provider/plan/observed.ts";
import { paused, running, transient, view } from "../../support/scene.ts";
import type { OutcomeRow } from "./row.ts";

const GIB = 2 ** 30;
const FILE = "/images/data.qcow2";
const disks = (size: string) => ({ disks: [{ file: FILE, size }] });

/** A domain whose image has so many GiB. */
const having = (observed: Observed, gib: number): Observed => ({
  ...observed,
  images: { [FILE]: gib * GIB },
});

const inGuest = (when: string) =>
  `the guest sees the new size of disks[0] ${when}; its partitions and file systems stay as they are until they are grown in the guest`;

/** What `size` of a disk does. */
export const DISK_SIZES: OutcomeRow[] = [
  {
    name: "a larger size",
    before: having(running(), 20),
    had: disks("20GiB"),
    change: disks("40GiB"),
    outcome: "live",
    headline: `live: disk ${FILE} 20 → 40 GiB, no restart`,
    details: [inGuest("at once")],
  },
  {
    name: "a larger size, and more memory",
    before: having(running(), 20),
    had: disks("20GiB"),
    change: { ...disks("40GiB"), memory: "1259MiB" },
    outcome: "live",
    headline:
      "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart; disks[0] to 40 GiB",
    details: [
      "maximum without a restart: 8 GiB",
      `live: disk ${FILE} 20 → 40 GiB, no restart`,
      inGuest("at once"),
    ],
  },
  {
    name: "the first size of a disk",
    before: having(running(), 10),
    had: { disks: [{ file: FILE }] },
    change: disks("40GiB"),
    outcome: "live",
    headline: `live: disk ${FILE} 10 → 40 GiB, no restart`,
    details: [inGuest("at once")],
  },
  {
    name: "a larger size, where the image can't be looked at",
    before: running(),
    had: disks("20GiB"),
    change: disks("40GiB"),
    outcome: "live",
    headline: `live: disk ${FILE} 20 → 40 GiB, no restart`,
    details: [inGuest("at once")],
  },
  {
    name: "of a paused domain",
    before: having(paused(running()), 20),
    had: disks("20GiB"),
    change: disks("40GiB"),
    outcome: "live",
    headline: `live: disk ${FILE} 20 → 40 GiB, no restart`,
    details: [inGuest("at once")],
  },
  {
    name: "of a transient domain",
    before: having(transient(), 20),
    had: disks("20GiB"),
    change: disks("40GiB"),
    outcome: "live",
    headline: `live: disk ${FILE} 20 → 40 GiB, no restart`,
    details: [inGuest("at once")],
  },
  {
    name: "of a domain that is off",
    before: having({ power: "off", persistent: true, nextBoot: view() }, 20),
    had: { ...disks("20GiB"), running: false },
    change: disks("40GiB"),
    outcome: "live",
    headline: `live: disk ${FILE} 20 → 40 GiB, while the domain is off`,
    details: [inGuest("when it starts")],
  },
  {
    name: "a size that the image has already, since somebody grew it",
    before: having(running(), 40),
    had: disks("20GiB"),
    change: disks("40GiB"),
    outcome: "none",
    headline: "setting only: disks",
  },
  {
    name: "a size below what the image has",
    before: having(running(), 60),
    had: disks("20GiB"),
    change: disks("40GiB"),
    outcome: "refuse",
    headline: "refused: disks[0].size is 40 GiB, below the 60 GiB that the image has",
    codes: ["disk-would-shrink"],
  },
  {
    name: "a smaller size",
    before: running(),
    had: disks("20GiB"),
    change: disks("10GiB"),
    outcome: "refuse",
    headline: "refused: disks[0].size is 10 GiB, below the 20 GiB that the image has",
    codes: ["disk-would-shrink"],
  },
  {
    name: "another onDelete",
    before: running(),
    had: { disks: [{ file: FILE, size: "20GiB" }] },
    change: { disks: [{ file: FILE, size: "20GiB", onDelete: "delete" }] },
    outcome: "none",
    headline: "setting only: disks",
  },
  {
    name: "a size of 0",
    before: running(),
    had: disks("20GiB"),
    change: disks("0GiB"),
    outcome: "check error",
    headline: 'disks[0].size must be greater than 0, e.g. "4GiB", "1003MiB" or 4096 (MiB)',
  },
];
