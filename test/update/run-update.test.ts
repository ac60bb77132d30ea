import { beforeEach, describe, expect, test } from "vitest";
import type { PartialError } from "../../provider/errors.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import type { Step } from "../../provider/plan/plan.ts";
import { MIB } from "../support/fake-guest.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { UpdateScene } from "../support/update-scene.ts";
import { DIMM, DOMAIN } from "./actions/domain.ts";

const attach: Step = { kind: "attach", dimm: DIMM, sentence: "attach a DIMM" };
const detach: Step = { kind: "detach", dimm: DIMM, sentence: "remove a DIMM" };
const autostart: Step = { kind: "autostart", on: true, sentence: "turn autostart on" };
const balloon = (size: number): Step => ({
  kind: "balloon",
  size: size * MIB,
  where: "live",
  takesMemory: false,
  sentence: "set the balloon",
});

let scene: UpdateScene;
let host: FakeHypervisor;

beforeEach(() => {
  scene = new UpdateScene(DOMAIN);
  ({ host } = scene);
  scene.news = { ...scene.news, currentMemory: "512MiB" };
  host.guestGivesUp.add(DIMM.alias);
});

/** The guest's balloon driver counts a DIMM as soon as it is attached, and reports every 2 s. */
function guestReports(perDimm = DIMM.size): void {
  const memoryStats = host.memoryStats.bind(host);
  host.memoryStats = async (domain) => {
    const dimms = host.calls.filter((call) => call === "attachDevice").length;
    const available = 900 * MIB + dimms * perDimm;
    const lastUpdate = 1 + Math.floor(scene.clock.now() / 2_000);
    return { ...(await memoryStats(domain)), available, usable: available, lastUpdate };
  };
}

/** Of these calls each one's first, in the order in which they came. */
const order = (...calls: string[]) => [...new Set(host.calls.filter((call) => calls.includes(call)))];

describe("an update", () => {
  test("asks host and guest before its first step, and moves the balloon after the guest's confirmation", async () => {
    guestReports();
    const { guestMemory, currentMemory } = await scene.update(attach, autostart, balloon(512));
    expect(order("nodeMemory", "memoryStats", "attachDevice", "setAutostart", "setMemory")).toEqual([
      "nodeMemory",
      "memoryStats",
      "attachDevice",
      "setAutostart",
      "setMemory",
    ]);
    const between = host.calls.slice(host.calls.indexOf("attachDevice"), host.calls.indexOf("setMemory"));
    expect(between).toContain("memoryStats");
    expect([guestMemory, currentMemory]).toEqual(["1156MiB", "512MiB"]);
    expect(scene.messages).toEqual([
      "attached 256 MiB in slot 0; confirmed by the guest's balloon driver: 1156 MiB",
    ]);
  });

  test("moves a balloon first that gives back what a DIMM takes along", async () => {
    await scene.run(attach);
    host.calls.length = 0;
    await scene.update(balloon(768), detach, balloon(512));
    expect(host.calls.filter((call) => /^(setMemory|detachDevice)$/.test(call))).toEqual([
      "setMemory",
      "detachDevice",
      "setMemory",
    ]);
  });

  test("leaves the balloon alone where the guest doesn't have the memory, and records what was done", async () => {
    guestReports(0);
    const error: PartialError = await scene.update(attach, balloon(512)).catch((caught) => caught);
    expect(error.message).toMatch(
      /^Domain web-1 did not get all of its memory: attached 256 MiB in slot 0; /,
    );
    expect(error.properties).toMatchObject({
      liveMemory: "1259MiB",
      __guest: { missing: { added: DIMM.size } },
    });
    expect(host.calls).not.toContain("setMemory");
  });
});

describe("a step that fails", () => {
  const refusal = libvirtError(ErrorCode.OPERATION_FAILED, "no");

  test("as the first one leaves the state as it was", async () => {
    host.refuses.set("setAutostart", refusal);
    const error = await scene.update(autostart, attach).catch((caught) => caught);
    expect(error).not.toHaveProperty("properties");
    expect(error.message).toBe("Unable to turn autostart on (domain web-1): no");
    expect(scene.statuses).toEqual(["turn autostart on"]);
  });

  test("after others is recorded with what was read back, and named with what was done", async () => {
    host.refuses.set("setAutostart", refusal);
    const error: PartialError = await scene.update(attach, autostart).catch((caught) => caught);
    expect(error.message).toBe(
      "Unable to turn autostart on (domain web-1): no (already done: attach a DIMM)",
    );
    expect(error).toMatchObject({ id: scene.domain.uuid, properties: { liveMemory: "1259MiB" } });
    expect(error.properties).not.toHaveProperty("autostart");
  });

  test("unanswered by the guest is recorded as such", async () => {
    await scene.run(attach);
    host.guestGivesUp.clear();
    const error: PartialError = await scene.update(detach).catch((caught) => caught);
    expect(error.properties).toMatchObject({
      liveMemory: "1259MiB",
      __detaching: { domainId: 1, aliases: [DIMM.alias] },
    });
  });
});
