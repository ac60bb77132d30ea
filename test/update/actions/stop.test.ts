import { beforeEach, describe, expect, test } from "vitest";
import { ErrorCode } from "../../../provider/libvirt/errors.ts";
import type { Step } from "../../../provider/plan/plan.ts";
import { libvirtError } from "../../support/libvirt-error.ts";
import { UpdateScene, UUID } from "../../support/update-scene.ts";
import { DOMAIN } from "./domain.ts";

const stop: Step = { kind: "stop", force: false, sentence: "shut it down" };

let scene: UpdateScene;

beforeEach(() => {
  scene = new UpdateScene(DOMAIN);
});

test("shuts the guest down, once however often it is tried", async () => {
  const first = await scene.run(stop);
  expect(first.power).toBe("shutoff");
  expect(await scene.run(stop)).toEqual(first);
  expect([scene.count("shutdown"), scene.count("destroy")]).toEqual([1, 0]);
});

test("leaves a guest running that doesn't shut down in time", async () => {
  scene.host.guestObeysShutdown = false;
  scene.news = { ...scene.news, shutdownTimeout: 30 };
  await expect(scene.run(stop)).rejects.toThrow(
    "Unable to shut it down (domain web-1): the guest did not shut down within 30 s (shutdownTimeout) and is still running; set forceOff: true to force it off",
  );
  expect([scene.host.only.power, scene.host.subscriptions, scene.clock.now()]).toEqual([
    "running",
    0,
    30_000,
  ]);
});

test("forces it off then, where the program allows that", async () => {
  scene.host.guestObeysShutdown = false;
  const { power } = await scene.run({ ...stop, kind: "stop", force: true });
  expect([power, scene.count("destroy"), scene.clock.now()]).toEqual(["shutoff", 1, 60_000]);
});

test("gives the guest the whole of shutdownTimeout, however long libvirt takes for the request", async () => {
  const { host, clock } = scene;
  host.guestObeysShutdown = false;
  const shutdown = host.shutdown.bind(host);
  host.shutdown = async (domain) => {
    await clock.sleep(20_000);
    await shutdown(domain);
    clock.after(50_000, () => host.turnOff(domain.uuid));
  };
  expect((await scene.run(stop)).power).toBe("shutoff");
});

describe("a guest that goes off by itself at the same moment", () => {
  /** It is in that state when libvirt looks. */
  const goingOff = (call: "shutdown" | "destroy", power: "shutdown" | "shutoff") => {
    const { host, clock } = scene;
    const original = host[call].bind(host);
    host[call] = async (domain) => {
      host.change(domain.uuid, { power });
      clock.after(1_000, () => host.turnOff(domain.uuid));
      if (power === "shutoff") host.turnOff(domain.uuid);
      await original(domain);
    };
  };

  test.each(["shutdown", "shutoff"] as const)(
    "was shut down, whether it is in state %s by then",
    async (power) => {
      goingOff("shutdown", power);
      expect((await scene.run(stop)).power).toBe("shutoff");
    },
  );

  test.each([
    ["after a time", {}],
    ["at once", { atOnce: true }],
  ] as const)("can't be forced off %s any more, and needn't", async (_, how) => {
    scene.host.guestObeysShutdown = false;
    goingOff("destroy", "shutoff");
    expect((await scene.run({ ...stop, kind: "stop", force: true, ...how })).power).toBe("shutoff");
  });

  test("after the time is up: it is recorded as off", async () => {
    scene.host.guestObeysShutdown = false;
    scene.host.onUnsubscribe = () => scene.host.turnOff(UUID);
    const failed = scene.update(stop);
    await expect(failed).rejects.toMatchObject({ properties: { state: "shutoff" } });
  });

  test("a refusal of one that runs on is an error", async () => {
    scene.host.refuses.set("shutdown", libvirtError(ErrorCode.OPERATION_INVALID, "not now"));
    await expect(scene.run(stop)).rejects.toThrow("not now");
    scene.host.refuses.set("destroy", libvirtError(ErrorCode.OPERATION_INVALID, "not now"));
    await expect(scene.run({ ...stop, kind: "stop", force: true, atOnce: true })).rejects.toThrow("not now");
  });
});
