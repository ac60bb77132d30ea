import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectionError, ErrorCode } from "../../../provider/libvirt/errors.ts";
import { type Observation, observe } from "../../../provider/observe/observe.ts";
import type { Step } from "../../../provider/plan/plan.ts";
import { stillDetaching } from "../../../provider/update/actions/detach.ts";
import { runStep } from "../../../provider/update/run-step.ts";
import type { StepContext } from "../../../provider/update/step-context.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeHypervisor } from "../../support/fake-hypervisor.ts";
import { libvirtError } from "../../support/libvirt-error.ts";

const MIB = 1024;
const uuid = "11111111-2222-3333-4444-555555555555";
const domain = { name: "web-1", uuid, id: 1 };
const alias = "ua-pulumi-dimm0";
const definition = `<domain type='kvm'>
  <name>web-1</name>
  <uuid>${uuid}</uuid>
  <maxMemory slots='4' unit='KiB'>${8192 * MIB}</maxMemory>
  <memory unit='KiB'>${1259 * MIB}</memory>
  <cpu><numa><cell id='0' memory='${1003 * MIB}' unit='KiB'/></numa></cpu>
  <devices>
    <memory model='dimm'><target><size unit='KiB'>${256 * MIB}</size><node>0</node></target><alias name='${alias}'/><address type='dimm' slot='0' base='0x100000000'/></memory>
  </devices>
</domain>`;
const dimm = { size: 256 * MIB, node: 0, slot: 0, alias };
const detach: Step = { kind: "detach", dimm, sentence: "take it out" };

let host: FakeHypervisor;
let clock: FakeClock;
let place: StepContext;

beforeEach(() => {
  clock = new FakeClock();
  host = new FakeHypervisor();
  host.domains.set(uuid, {
    name: "web-1",
    uuid,
    power: "running",
    autostart: false,
    live: definition,
    inactive: definition,
  });
  place = {
    hypervisor: host,
    clock,
    domain,
    shutdownTimeout: 60,
    removalTimeout: 60,
    balloonTimeout: 1,
    status: async () => {},
    underWay: new Set(),
    hooks: {},
    uri: host.uri,
    warn: async () => {},
    redefinition: async (present) => present,
  };
});

afterEach(() => {
  expect(host.subscriptions).toBe(0);
});

const present = () => observe(host, domain);
const tried = async (): Promise<Observation> => runStep(detach, place, await present());
const sent = () => host.calls.filter((call) => call === "detachDevice").length;
const isThere = async () => (await present()).observed.live?.devices.length === 1;

describe("a DIMM that the guest gives up", () => {
  test("is gone, once however often it is tried", async () => {
    host.guestGivesUp.add(alias);
    const { observed } = await tried();
    expect(observed.live).toMatchObject({ memory: 1003 * MIB, devices: [] });
    await tried();
    expect([sent(), [...place.underWay]]).toEqual([1, []]);
  });

  test("later, within the time: by its event", async () => {
    clock.after(50_000, () => host.giveUp(uuid, alias));
    const { observed } = await tried();
    expect([observed.live?.devices, sent(), [...place.underWay]]).toEqual([[], 1, []]);
  });

  test("later, and the event is lost", async () => {
    clock.after(9_500, () => {
      const { only } = host;
      host.change(uuid, { live: only.live?.replace(/<memory model.*<\/memory>/, "") ?? "" });
    });
    expect((await tried()).observed.live?.devices).toEqual([]);
  });
});

describe("a DIMM that the guest refuses to give up stays", () => {
  test("by the event", async () => {
    host.guestKeeps.add(alias);
    await expect(tried()).rejects.toThrow(
      "Unable to take it out (domain web-1): the guest refused to give it up (device-removal-failed): its kernel log says why; nothing of it was taken out",
    );
    expect([await isThere(), [...place.underWay]]).toEqual([true, []]);
  });

  test("by libvirt's error, while that waits for the guest itself", async () => {
    host.refuses.set("detachDevice", libvirtError(ErrorCode.OPERATION_FAILED, "rejected by the guest"));
    await expect(tried()).rejects.toThrow("the guest refused to give it up (rejected by the guest)");
    expect([...place.underWay]).toEqual([]);
  });

  test("and its blocks are online again", async () => {
    host.guestKeeps.add(alias);
    const putBack = vi.fn(async () => {});
    place = { ...place, offline: async () => ({ blocks: 2, putBack }) };
    await expect(tried()).rejects.toThrow("the guest refused to give it up");
    expect(putBack).toHaveBeenCalledOnce();
  });

  test("a block of it: nothing is asked of libvirt then", async () => {
    place = {
      ...place,
      offline: async () => ({ refused: "block 32 is busy", blocks: 0, putBack: async () => {} }),
    };
    await expect(tried()).rejects.toThrow("the guest refused: block 32 is busy; nothing of it was taken out");
    expect([sent(), [...place.underWay]]).toEqual([0, []]);
  });

  test("an agent that falls silent over a block: nothing is asked of libvirt either", async () => {
    place = { ...place, offline: async () => ({ silent: "no word", blocks: 1, putBack: async () => {} }) };
    await expect(tried()).rejects.toThrow(
      "no answer within 60 s: no word; nothing of it was taken out; 1 block of it is offline in the guest",
    );
    expect(sent()).toBe(0);
  });

  test("libvirt's other errors are no word of the guest's", async () => {
    const putBack = vi.fn(async () => {});
    place = { ...place, offline: async () => ({ blocks: 2, putBack }) };
    host.refuses.set("detachDevice", libvirtError(ErrorCode.OPERATION_INVALID, "another job holds it"));
    await expect(tried()).rejects.toThrow("Unable to take it out (domain web-1): another job holds it");
    expect([[...place.underWay], putBack.mock.calls.length]).toEqual([[], 1]);
  });
});

describe("a guest that does not answer", () => {
  test("still has the DIMM, and the request is under way", async () => {
    await expect(tried()).rejects.toThrow(
      "no answer from the guest within 60 s: the 256 MiB are still there; they may go later, which a refresh would show, and the next update waits for them before it asks again",
    );
    expect([await isThere(), sent(), [...place.underWay]]).toEqual([true, 1, [alias]]);
    expect(stillDetaching(1, place.underWay, await present())).toEqual({ domainId: 1, aliases: [alias] });
  });

  test("isn't asked again as long as it may still answer", async () => {
    place.underWay.add(alias);
    clock.after(30_000, () => host.giveUp(uuid, alias));
    expect((await tried()).observed.live?.devices).toEqual([]);
    expect([sent(), [...place.underWay]]).toEqual([0, []]);
    expect(stillDetaching(1, [alias], await present())).toBeUndefined();
  });

  test("isn't asked again where it refuses late", async () => {
    place.underWay.add(alias);
    clock.after(30_000, () => host.tell(uuid, { kind: "device-removal-failed", uuid, alias }));
    await expect(tried()).rejects.toThrow("the guest refused to give it up (device-removal-failed)");
    expect([sent(), [...place.underWay]]).toEqual([0, []]);
  });

  test("is asked again when it stays silent that long once more", async () => {
    place.underWay.add(alias);
    host.guestGivesUp.add(alias);
    expect((await tried()).observed.live?.devices).toEqual([]);
    expect(sent()).toBe(1);
  });

  test("with its blocks offline is said to have less by its own figures", async () => {
    const putBack = vi.fn(async () => {});
    place = { ...place, offline: async () => ({ blocks: 2, putBack }) };
    await expect(tried()).rejects.toThrow("asks again; 2 blocks of it are offline in the guest");
    expect(putBack).not.toHaveBeenCalled();
  });

  test("since the daemon went away over the request: it may have been sent", async () => {
    host.detachDevice = async () => {
      throw new ConnectionError("gone");
    };
    await expect(tried()).rejects.toThrow("gone");
    expect([...place.underWay]).toEqual([alias]);
  });
});
