import { expect, test } from "vitest";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import type { Step } from "../../provider/plan/plan.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { UpdateScene } from "../support/update-scene.ts";
import { DIMM, DOMAIN } from "./actions/domain.ts";

test("a step that fails names what was tried, the domain, and libvirt's own error", async () => {
  const scene = new UpdateScene(DOMAIN);
  const cause = libvirtError(ErrorCode.CONFIG_UNSUPPORTED, "no slots");
  scene.host.refuses.set("attachDevice", cause);
  const attach: Step = { kind: "attach", dimm: DIMM, sentence: "attach a DIMM" };
  await expect(scene.run(attach)).rejects.toMatchObject({
    message: "Unable to attach a DIMM (domain web-1): no slots",
    cause,
  });
});

test("a replace is not carried out by an update", async () => {
  const scene = new UpdateScene(DOMAIN);
  const replace: Step = { kind: "replace", fields: ["memory"], sentence: "replace it" };
  const before = structuredClone(scene.host.only);
  await expect(scene.run(replace)).rejects.toThrow("Pulumi replaces a domain by delete and create");
  expect(scene.host.only).toEqual(before);
});
