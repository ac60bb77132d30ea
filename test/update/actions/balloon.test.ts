import { beforeEach, expect, test } from "vitest";
import { MIB } from "../../support/fake-guest.ts";
import type { FakeHypervisor } from "../../support/fake-hypervisor.ts";
import { UpdateScene, UUID } from "../../support/update-scene.ts";

const xml = (current: number) => `<domain><name>web-1</name><uuid>${UUID}</uuid>
  <memory>${1024 * MIB}</memory><currentMemory>${current * MIB}</currentMemory></domain>`;

let scene: UpdateScene;
let host: FakeHypervisor;

beforeEach(() => {
  scene = new UpdateScene(xml(1024));
  ({ host } = scene);
  host.guestObeysBalloon = false;
});

/** The guest's driver reaches that size after that time; libvirt's XML shows it a second later. */
function moves(afterMs: number, mib: number): void {
  scene.clock.after(afterMs, () => {
    host.balloon = { actual: mib * MIB };
  });
  scene.clock.after(afterMs + 1_000, () => {
    host.change(UUID, { live: xml(mib) });
    host.tell(UUID, { kind: "balloon-change", uuid: UUID, actualKib: BigInt(mib * MIB) });
  });
}

const toHalf = () =>
  scene.run({
    kind: "balloon",
    size: 512 * MIB,
    where: "live",
    takesMemory: true,
    sentence: "set the balloon",
  });

test("has reached its target when libvirt's XML shows it, and shows its progress until then", async () => {
  moves(1_000, 730);
  moves(3_000, 512);
  const began = scene.clock.now();
  const { observed } = await toHalf();
  expect(observed.live?.currentMemory).toBe(512 * MIB);
  expect(scene.clock.now() - began).toBeLessThan(4_500);
  expect(scene.statuses).toEqual(["balloon at 730 MiB, target 512 MiB"]);
});

test("outlasts a daemon that is restarted meanwhile", async () => {
  scene.clock.after(1_000, () => {
    host.death = { call: host.calls.length, carriedOut: false };
  });
  scene.clock.after(9_000, () => {
    host.death = undefined;
  });
  moves(5_000, 512);
  const { observed } = await toHalf();
  expect(observed.live?.currentMemory).toBe(512 * MIB);
});

test("that doesn't move is an error, and so is one that stops halfway", async () => {
  await expect(toHalf()).rejects.toThrow(
    "balloon still at 1 GiB (target 512 MiB) after 60 s (hotplug.awaitGuest) and hasn't moved: the guest has no balloon driver (Linux: virtio_balloon), is still booting, or hangs; the target stays set, and the next update waits again",
  );
  moves(5_000, 700);
  await expect(toHalf()).rejects.toThrow(
    "balloon still at 700 MiB (target 512 MiB) after 60 s (hotplug.awaitGuest): the guest can't free more, or is slow; its driver keeps trying, and the next update waits again",
  );
  expect(host.subscriptions).toBe(0);
});

test.each([
  ["on a paused domain", { power: "paused" as const }, 60],
  ["where the guest isn't awaited", {}, false as const],
])("isn't waited for %s", async (_, change, awaitGuest) => {
  host.change(UUID, change);
  scene.news = { ...scene.news, hotplug: { awaitGuest } };
  await toHalf();
  expect(host.calls).toContain("setMemory");
  expect(host.calls).not.toContain("subscribe");
});
