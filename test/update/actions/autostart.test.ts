import { expect, test } from "vitest";
import type { Step } from "../../../provider/plan/plan.ts";
import { UpdateScene } from "../../support/update-scene.ts";
import { DOMAIN } from "./domain.ts";

test.each([true, false])("sets autostart to %s; a second time changes nothing", async (on) => {
  const scene = new UpdateScene(DOMAIN);
  scene.host.change(scene.domain.uuid, { autostart: !on });
  const autostart: Step = { kind: "autostart", on, sentence: "set autostart" };
  const first = await scene.run(autostart);
  expect(first.autostart).toBe(on);
  expect(await scene.run(autostart)).toEqual(first);
});
