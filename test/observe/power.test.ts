import { describe, expect, test } from "vitest";
import type { PowerState } from "../../provider/libvirt/hypervisor.ts";
import { observe } from "../../provider/observe/observe.ts";
import { readPower } from "../../provider/observe/power.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";

const uuid = "11111111-2222-3333-4444-555555555555";
const domain = { name: "web-1", uuid, id: 1 };
const xml = (mib: number) =>
  `<domain><name>web-1</name><uuid>${uuid}</uuid><memory unit='MiB'>${mib}</memory></domain>`;

interface Has {
  reason?: number;
  live?: string;
  hasJob?: boolean;
  saved?: { xml: string };
}

function hostWith(power: PowerState, has: Has = {}): FakeHypervisor {
  const host = new FakeHypervisor();
  host.domains.set(uuid, { name: "web-1", uuid, power, autostart: false, inactive: xml(2), ...has });
  return host;
}

const live = xml(1);

/** How many reasons each state has in libvirt 9 (libvirt-domain.h), and what they mean here. */
const STATES: [PowerState, reasons: number, isActive: boolean][] = [
  ["nostate", 1, true],
  ["running", 12, true],
  ["blocked", 1, true],
  ["shutdown", 2, true],
  ["shutoff", 9, false],
];

describe.each(STATES)("libvirt's state %s", (state, reasons, isActive) => {
  test.each(Array.from({ length: reasons }, (_, reason) => [reason]))(
    "with reason %i is no pause",
    async (reason) => {
      const host = hostWith(state, { reason, ...(isActive && { live }) });
      expect(await readPower(host, domain)).toEqual({ state, isActive });
      expect((await observe(host, domain)).observed.power).toBe(isActive ? "running" : "off");
    },
  );
});

/** virDomainPausedReason, and what is read where a job holds the domain and where none does. */
const PAUSES: [reason: number, name: string, withJob: string, without: string][] = [
  [0, "UNKNOWN", "unknown", "unknown"],
  [1, "USER", "user", "user"],
  [2, "MIGRATION", "migrating", "restored"],
  [3, "SAVE", "saving", "restored"],
  [4, "DUMP", "dumping", "restored"],
  [5, "IOERROR", "I/O error", "I/O error"],
  [6, "WATCHDOG", "watchdog", "watchdog"],
  [7, "FROM_SNAPSHOT", "from snapshot", "from snapshot"],
  [8, "SHUTTING_DOWN", "shutting down", "shutting down"],
  [9, "SNAPSHOT", "creating snapshot", "creating snapshot"],
  [10, "CRASHED", "crashed", "crashed"],
  [11, "STARTING_UP", "starting up", "starting up"],
  [12, "POSTCOPY", "post-copy", "post-copy"],
  [13, "POSTCOPY_FAILED", "post-copy failed", "post-copy failed"],
  [14, "API_ERROR", "API error", "API error"],
  [99, "a later one", "unknown", "unknown"],
];

test.each(PAUSES)(
  "a pause with reason %i (%s) is %s, without a job %s",
  async (reason, _, withJob, without) => {
    for (const [hasJob, pause] of [
      [true, withJob],
      [false, without],
    ] as const) {
      const host = hostWith("paused", { reason, live, hasJob });
      expect(await readPower(host, domain)).toEqual({ state: "paused", isActive: true, pause });
      expect((await observe(host, domain)).observed).toMatchObject({ power: "paused", pause });
    }
  },
);

test("only a pause that may outlast its job costs a call", async () => {
  for (const [reason] of PAUSES) {
    const host = hostWith("paused", { reason, live });
    await readPower(host, domain);
    expect(host.calls).toEqual([2, 3, 4].includes(reason) ? ["state", "hasJob"] : ["state"]);
  }
});

test("a guest that is suspended to memory is asleep", async () => {
  const { observed, power } = await observe(hostWith("pmsuspended", { reason: 0, live }), domain);
  expect([power, observed.power, observed.pause]).toEqual(["pmsuspended", "paused", "asleep"]);
});

test.each([0, 1])("a crashed domain (reason %i) is off, unless its process is preserved", async (reason) => {
  const gone = await observe(hostWith("crashed", { reason }), domain);
  expect([gone.power, gone.observed.power, gone.observed.live]).toEqual(["crashed", "off", undefined]);
  const kept = await observe(hostWith("crashed", { reason, live }), domain);
  expect([kept.power, kept.observed.power, kept.observed.pause]).toEqual(["crashed", "paused", "crashed"]);
  expect(kept.observed.live?.memory).toBe(1024);
});

test("a managed save image is read where a domain is off, and only there", async () => {
  const saved = { xml: xml(3) };
  const { observed } = await observe(hostWith("shutoff", { reason: 5, saved }), domain);
  expect(observed).toMatchObject({ power: "off", nextBoot: { memory: 2048 }, saved: { memory: 3072 } });
  const without = hostWith("shutoff");
  expect((await observe(without, domain)).observed).not.toHaveProperty("saved");
  expect(without.calls).not.toContain("managedSaveXml");
  const running = hostWith("running", { live });
  await observe(running, domain);
  expect(running.calls).not.toContain("hasManagedSave");
});
