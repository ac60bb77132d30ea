import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConnectionError, ErrorCode } from "../../../provider/libvirt/errors.ts";
import { type Observation, observe } from "../../../provider/observe/observe.ts";
import type { Step } from "../../../provider/plan/plan.ts";
import { stillDetaching } from "../../../provider/update/removal.ts";
import { FakeAgent } from "../../support/fake-agent.ts";
import { MIB } from "../../support/fake-guest.ts";
import type { FakeHypervisor } from "../../support/fake-hypervisor.ts";
import { libvirtError } from "../../support/libvirt-error.ts";
import { UpdateScene, UUID } from "../../support/update-scene.ts";

const alias = "ua-pulumi-dimm0";
const definition = `<domain type='kvm'>
  <name>web-1</name>
  <uuid>${UUID}</uuid>
  <maxMemory slots='4' unit='KiB'>${8192 * MIB}</maxMemory>
  <memory unit='KiB'>${1259 * MIB}</memory>
  <cpu><numa><cell id='0' memory='${1003 * MIB}' unit='KiB'/></numa></cpu>
  <devices>
    <memory model='dimm'><target><size unit='KiB'>${256 * MIB}</size><node>0</node></target><alias name='${alias}'/><address type='dimm' slot='0' base='0x100000000'/></memory>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'/></channel>
  </devices>
</domain>`;
const dimm = { size: 256 * MIB, node: 0, slot: 0, alias, base: "0x100000000" };
const detach: Step = { kind: "detach", dimm, sentence: "take it out" };

let scene: UpdateScene;
let host: FakeHypervisor;
let unanswered: Set<string>;

beforeEach(() => {
  scene = new UpdateScene(definition);
  ({ host, unanswered } = scene);
});

afterEach(() => {
  expect([host.subscriptions, scene.clock.sleepers]).toEqual([0, 0]);
});

/** The guest has an agent, and the DIMM's blocks are 32 and 33. */
function connectAgent(): FakeAgent {
  const agent = new FakeAgent([0, 1, 2, 3, 32, 33]);
  host.agent = agent.answer;
  host.change(UUID, { live: definition.replace("disconnected", "connected") });
  return agent;
}

const present = () => observe(host, scene.domain);
const tried = (): Promise<Observation> => scene.run(detach);
const sent = () => scene.count("detachDevice");
const isThere = async () => (await present()).observed.live?.devices.length === 1;

describe("a DIMM that the guest releases", () => {
  test("is gone, once however often it is tried", async () => {
    host.guestGivesUp.add(alias);
    const { observed } = await tried();
    expect(observed.live).toMatchObject({ memory: 1003 * MIB, devices: [] });
    await tried();
    expect([sent(), [...unanswered]]).toEqual([1, []]);
  });

  test("later, within the time: by its event", async () => {
    scene.clock.after(50_000, () => host.giveUp(UUID, alias));
    const { observed } = await tried();
    expect([observed.live?.devices, sent(), [...unanswered]]).toEqual([[], 1, []]);
  });

  test("later, and the event is lost", async () => {
    scene.clock.after(9_500, () => {
      const { only } = host;
      host.change(UUID, { live: only.live?.replace(/<memory model.*<\/memory>/, "") ?? "" });
    });
    expect((await tried()).observed.live?.devices).toEqual([]);
  });
});

describe("a DIMM that the guest refuses to release stays", () => {
  test("by the event", async () => {
    host.guestKeeps.add(alias);
    await expect(tried()).rejects.toThrow(
      "Unable to take it out (domain web-1): the guest refused to release it (device-removal-failed; see its kernel log); the DIMM was not removed",
    );
    expect([await isThere(), [...unanswered]]).toEqual([true, []]);
  });

  test("by libvirt's error, while that waits for the guest itself", async () => {
    host.refuses.set("detachDevice", libvirtError(ErrorCode.OPERATION_FAILED, "rejected by the guest"));
    await expect(tried()).rejects.toThrow("the guest refused to release it (rejected by the guest");
    expect([...unanswered]).toEqual([]);
  });

  test("and its blocks are online again", async () => {
    const agent = connectAgent();
    host.guestKeeps.add(alias);
    await expect(tried()).rejects.toThrow("the guest refused to release it");
    expect([sent(), agent.offline]).toEqual([1, []]);
  });

  test("where one of its blocks is refused: then libvirt isn't asked, and the other blocks are online again", async () => {
    const agent = connectAgent();
    agent.refused.add(33);
    await expect(tried()).rejects.toThrow(
      "the guest refused: the guest agent could not take memory block 33 offline (operation-failed, error 16); the DIMM was not removed",
    );
    expect([sent(), [...unanswered], agent.offline]).toEqual([0, [], []]);
  });

  test("where the agent stops answering at a block: then libvirt isn't asked either", async () => {
    const agent = connectAgent();
    agent.hangsAt.add(33);
    await expect(tried()).rejects.toThrow(
      "no answer within 60 s: no answer from the guest agent about offlining memory block 33 (Guest agent is not responding); the DIMM was not removed; 1 of its memory blocks is offline in the guest",
    );
    expect([sent(), agent.offline]).toEqual([0, [32]]);
  });

  test("where libvirt fails for another reason: its blocks are online again, and no request is open", async () => {
    const agent = connectAgent();
    host.refuses.set("detachDevice", libvirtError(ErrorCode.OPERATION_INVALID, "another job holds it"));
    await expect(tried()).rejects.toThrow("Unable to take it out (domain web-1): another job holds it");
    expect([[...unanswered], agent.offline]).toEqual([[], []]);
  });
});

describe("a guest that does not answer", () => {
  test("still has the DIMM, and the request is under way", async () => {
    await expect(tried()).rejects.toThrow(
      "no answer from the guest within 60 s: 256 MiB is still plugged; the guest may still release it: a refresh shows whether it did, and the next update waits for that before it asks again",
    );
    expect([await isThere(), sent(), [...unanswered]]).toEqual([true, 1, [alias]]);
    expect(stillDetaching(1, unanswered, await present())).toEqual({ domainId: 1, aliases: [alias] });
  });

  test("isn't asked again as long as it may still answer", async () => {
    unanswered.add(alias);
    scene.clock.after(30_000, () => host.giveUp(UUID, alias));
    expect((await tried()).observed.live?.devices).toEqual([]);
    expect([sent(), [...unanswered]]).toEqual([0, []]);
    expect(stillDetaching(1, [alias], await present())).toBeUndefined();
  });

  test("isn't asked again where it refuses late", async () => {
    unanswered.add(alias);
    scene.clock.after(30_000, () => host.tell(UUID, { kind: "device-removal-failed", uuid: UUID, alias }));
    await expect(tried()).rejects.toThrow("the guest refused to release it (device-removal-failed");
    expect([sent(), [...unanswered]]).toEqual([0, []]);
  });

  test("is asked again when it stays silent that long once more", async () => {
    unanswered.add(alias);
    host.guestGivesUp.add(alias);
    expect((await tried()).observed.live?.devices).toEqual([]);
    expect(sent()).toBe(1);
  });

  test("with its blocks offline has less by its own figures, which the error mentions", async () => {
    const agent = connectAgent();
    await expect(tried()).rejects.toThrow("asks again; 2 of its memory blocks are offline in the guest");
    expect(agent.offline).toEqual([32, 33]);
  });

  test("since the daemon went away over the request: it may have been sent", async () => {
    host.detachDevice = async () => {
      throw new ConnectionError("gone");
    };
    await expect(tried()).rejects.toThrow("gone");
    expect([...unanswered]).toEqual([alias]);
  });
});
