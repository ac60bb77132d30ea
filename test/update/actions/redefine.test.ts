import { expect, test } from "vitest";
import { readDomain } from "../../../provider/domain/read.ts";
import type { Step } from "../../../provider/plan/plan.ts";
import { UpdateScene } from "../../support/update-scene.ts";
import { DOMAIN } from "./domain.ts";

const redefine: Step = { kind: "redefine", fields: ["vcpus"], sentence: "change vcpus" };

test("edits what differs between the arguments and keeps all else; a second time changes nothing", async () => {
  const scene = new UpdateScene(DOMAIN);
  scene.before = { ...scene.before, vcpus: 2 };
  scene.news = { ...scene.before, vcpus: 4 };
  const first = await scene.run(redefine);
  const after = structuredClone(scene.host.only);
  expect(readDomain(after.inactive ?? "").vcpus).toBe(4);
  expect(after.inactive).toContain("<graphics type='vnc' passwd='hush'/>");
  expect(after.live).toBe(DOMAIN);
  expect(await scene.run(redefine)).toEqual(first);
  expect(scene.host.only).toEqual(after);
});

test("writes the definition from the program's XML where that changed", async () => {
  const scene = new UpdateScene(DOMAIN);
  scene.news = { ...scene.before, xml: "<domain><title>shop</title></domain>" };
  await scene.run(redefine);
  expect(scene.host.only.inactive).toContain("<title>shop</title>");
  expect(scene.host.only.inactive).not.toContain("<graphics");
});
