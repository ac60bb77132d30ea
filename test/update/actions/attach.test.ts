import { expect, test } from "vitest";
import type { Step } from "../../../provider/plan/plan.ts";
import { MIB } from "../../support/fake-guest.ts";
import { UpdateScene } from "../../support/update-scene.ts";
import { DIMM, DOMAIN } from "./domain.ts";

const attach: Step = { kind: "attach", dimm: DIMM, sentence: "attach a DIMM" };

test("gives the DIMM its slot, node and alias in the running domain, once however often it is tried", async () => {
  const scene = new UpdateScene(DOMAIN);
  const first = await scene.run(attach);
  expect(first.observed.live).toMatchObject({ memory: 1259 * MIB, devices: [{ model: "dimm", ...DIMM }] });
  expect(first.observed.nextBoot).toMatchObject({ memory: 1003 * MIB, devices: [] });
  expect(await scene.run(attach)).toEqual(first);
  expect(scene.count("attachDevice")).toBe(1);
});

test("fails where one of our DIMMs has its alias and another size", async () => {
  const scene = new UpdateScene(DOMAIN);
  await scene.run(attach);
  const bigger: Step = { ...attach, kind: "attach", dimm: { ...DIMM, size: 512 * MIB } };
  await expect(scene.run(bigger)).rejects.toThrow(
    "Unable to attach a DIMM (domain web-1): ua-pulumi-dimm0 already exists with 256 MiB instead of 512 MiB",
  );
  expect(scene.count("attachDevice")).toBe(1);
});

test("fails where libvirt reports success but the DIMM isn't there", async () => {
  const scene = new UpdateScene(DOMAIN);
  scene.host.attachDevice = async () => {};
  await expect(scene.run(attach)).rejects.toThrow(
    "Unable to attach a DIMM (domain web-1): libvirt reported success, but ua-pulumi-dimm0 is not in the running domain",
  );
});

test("the message after an attach has the slot that a hook moved the DIMM to", async () => {
  const scene = new UpdateScene(DOMAIN);
  const before = { command: ["sed", "s/slot=.0./slot='3'/"] };
  scene.news = { ...scene.news, memory: "1259MiB", hotplug: { before } };
  // A hook is another process, which takes no time of the scene's clock.
  scene.clock.sleep = (_, signal) =>
    new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  await scene.update(attach);
  expect(scene.messages).toContainEqual(
    expect.stringMatching(/^attached 256 MiB in slot 3; couldn't confirm/),
  );
});
