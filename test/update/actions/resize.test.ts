import { beforeEach, expect, test } from "vitest";
import type { Step } from "../../../provider/plan/plan.ts";
import { MIB } from "../../support/fake-guest.ts";
import { UpdateScene } from "../../support/update-scene.ts";
import { DOMAIN } from "./domain.ts";

const alias = "ua-pulumi-vmem0";
const elastic = DOMAIN.replace(
  "</devices>",
  `<memory model='virtio-mem'><target><size unit='KiB'>${4096 * MIB}</size><node>0</node><block unit='KiB'>2048</block><requested unit='KiB'>0</requested><current unit='KiB'>0</current></target><alias name='${alias}'/></memory></devices>`,
);
const device = { alias, node: 0, from: 0, requested: 512 * MIB, size: 4096 * MIB };
const resize: Step = { kind: "resize", device, sentence: "plug 512 MiB" };

let scene: UpdateScene;

beforeEach(() => {
  scene = new UpdateScene(elastic);
});

test("sets the requested size of the device, once however often it is tried", async () => {
  const first = await scene.run(resize);
  expect(first.observed.live?.devices).toMatchObject([{ alias, requested: 512 * MIB }]);
  expect(await scene.run(resize)).toEqual(first);
  expect(scene.count("updateDevice")).toBe(1);
});

test("doesn't wait for the guest, which is asked for all devices first", async () => {
  scene.host.virtioMem.most = 0;
  const { observed } = await scene.run(resize);
  expect(observed.live?.devices).toMatchObject([{ requested: 512 * MIB, current: 0 }]);
  expect(scene.clock.now()).toBe(0);
});

test("fails where libvirt reports success but requests another size", async () => {
  scene.host.updateDevice = async () => {};
  await expect(scene.run(resize)).rejects.toThrow(
    "Unable to plug 512 MiB (domain web-1): libvirt reported success, but the requested size of ua-pulumi-vmem0 is 0 MiB instead of 512 MiB",
  );
});
