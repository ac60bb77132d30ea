import { beforeEach, expect, test } from "vitest";
import { observe } from "../../../provider/observe/observe.ts";
import { balloon } from "../../../provider/update/actions/balloon.ts";
import type { StepContext } from "../../../provider/update/step-context.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeHypervisor } from "../../support/fake-hypervisor.ts";

const MIB = 1024;
const uuid = "11111111-2222-3333-4444-555555555555";
const domain = { name: "web-1", uuid, id: 1 };
const xml = (left: number) => `<domain><name>web-1</name><uuid>${uuid}</uuid>
  <memory>${1024 * MIB}</memory><currentMemory>${left * MIB}</currentMemory></domain>`;

let host: FakeHypervisor;
let clock: FakeClock;
let place: StepContext;
let statuses: string[];

beforeEach(() => {
  clock = new FakeClock();
  host = new FakeHypervisor();
  host.guestObeysBalloon = false;
  const said = { inactive: xml(1024), live: xml(1024), autostart: false };
  host.domains.set(uuid, { name: "web-1", uuid, power: "running", ...said });
  statuses = [];
  place = {
    ...{ hypervisor: host, domain, clock, uri: host.uri, hooks: {} },
    ...{ shutdownTimeout: 60, removalTimeout: 60, underWay: new Set<string>(), balloonTimeout: 60 },
    warn: async () => {},
    status: async (text) => void statuses.push(text),
    redefinition: async (present) => present,
  };
});

/** What the guest's driver leaves after that time, and that libvirt says so a second later. */
function moves(afterMs: number, mib: number): void {
  clock.after(afterMs, () => {
    host.balloon = { actual: mib * MIB };
  });
  clock.after(afterMs + 1_000, () => {
    host.change(uuid, { live: xml(mib) });
    host.tell(uuid, { kind: "balloon-change", uuid, actualKib: BigInt(mib * MIB) });
  });
}

const toHalf = async () =>
  balloon(
    { kind: "balloon", size: 512 * MIB, where: "live", takes: true, sentence: "" },
    place,
    await observe(host, domain),
  );

test("is there when libvirt's XML has it, and says how far it is until then", async () => {
  moves(1_000, 730);
  moves(3_000, 512);
  const began = clock.now();
  const { observed } = await toHalf();
  expect(observed.live?.currentMemory).toBe(512 * MIB);
  expect(clock.now() - began).toBeLessThan(4_500);
  expect(statuses).toEqual(["balloon: the guest has 730 MiB of the 512 MiB to go down to"]);
});

test("outlasts a daemon that is restarted meanwhile", async () => {
  clock.after(1_000, () => {
    host.death = { call: host.calls.length, carriedOut: false };
  });
  clock.after(9_000, () => {
    host.death = undefined;
  });
  moves(5_000, 512);
  const { observed } = await toHalf();
  expect(observed.live?.currentMemory).toBe(512 * MIB);
});

test("that stands still is an error, and so is one that got half-way", async () => {
  await expect(toHalf()).rejects.toThrow(
    "after 60 s (hotplug.awaitGuest) the balloon leaves the guest 1 GiB, as before: the guest has no driver for it (Linux: virtio_balloon), is still booting, or hangs; it stays set, and the next update waits again",
  );
  moves(5_000, 700);
  await expect(toHalf()).rejects.toThrow(
    "after 60 s (hotplug.awaitGuest) the balloon leaves the guest 700 MiB, not yet 512 MiB: the guest has no more to give, or is slow; it goes on, and the next update waits again",
  );
  expect(host.subscriptions).toBe(0);
});

test.each([
  ["on a paused domain", { power: "paused" as const }, 60],
  ["where the guest isn't awaited", {}, false as const],
])("isn't waited for %s", async (_, change, balloonTimeout) => {
  host.change(uuid, change);
  place = { ...place, balloonTimeout };
  await toHalf();
  expect(host.calls).toContain("setMemory");
  expect(host.calls).not.toContain("subscribe");
});
