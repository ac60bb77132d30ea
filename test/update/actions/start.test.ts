import { expect, test } from "vitest";
import type { Step } from "../../../provider/plan/plan.ts";
import { UpdateScene } from "../../support/update-scene.ts";
import { DOMAIN } from "./domain.ts";

const start: Step = { kind: "start", sentence: "start it" };

test("starts a domain that is off, once however often it is tried", async () => {
  const scene = new UpdateScene(DOMAIN);
  scene.host.turnOff(scene.domain.uuid);
  const first = await scene.run(start);
  expect(first.power).toBe("running");
  expect(await scene.run(start)).toEqual(first);
  expect(scene.count("start")).toBe(1);
});
