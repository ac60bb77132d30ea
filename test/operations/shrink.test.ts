import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, type OneResource } from "../support/one-resource.ts";

const MIB = 1024;
const DIMMS = [0, 1, 2].map((slot) => `ua-pulumi-dimm${slot}`);

const args = {
  memory: "1GiB",
  maxMemory: "8GiB",
  hotplug: { allowUnplug: true, maxDimmSize: "512MiB", awaitGuest: 10 },
};
/** In three DIMMs: 512, 512 and 256 MiB. */
const grown = { ...args, memory: "2304MiB" };
const half = { ...args, memory: "1536MiB" };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(async () => {
  ({ host, stack } = await created(args));
  await stack.up(grown);
  for (const alias of DIMMS) host.guestGivesUp.add(alias);
});

const up = (program: object) => stack.up({ ...program });
const live = () => readDomain(host.only.live ?? "");
const nextBoot = () => readDomain(host.only.inactive ?? "");
const sent = () => host.calls.filter((call) => call === "detachDevice").length;
const underWay = () => stack.recorded.outputs.__detaching;

describe("a decrease", () => {
  test("removes DIMMs that add up to it; the next boot follows, and a second up has nothing to do", async () => {
    expect(stack.recorded.outputs).toMatchObject({
      reachable: [
        { from: "2560MiB", to: "8192MiB", step: "256MiB" },
        { from: "1024MiB", to: "2048MiB", step: "256MiB" },
      ],
    });
    expect(await up(half)).toBe("update");
    expect(live().devices.map(({ alias }) => alias)).toEqual([DIMMS[0]]);
    expect([live().memory, nextBoot().memory, nextBoot().devices]).toEqual([1536 * MIB, 1536 * MIB, []]);
    expect(stack.recorded.outputs).toMatchObject({ liveMemory: "1536MiB", nextBootMemory: "1536MiB" });
    expect(stack.run.said.at(-1)).toBe("removed 768 MiB from slots 2, 1");
    expect(underWay()).toBeUndefined();
    expect(await up(half)).toBe("same");
    expect(await up(grown)).toBe("update");
    expect(live().memory).toBe(2304 * MIB);
  });

  test("that isn't allowed is the fallback that the program chose", async () => {
    const hotplug = { ...args.hotplug, allowUnplug: false, whenNotPossible: "nextBoot" };
    expect(stack.recorded.outputs.reachable).toHaveLength(2);
    await up({ ...half, hotplug });
    expect([live().memory, nextBoot().memory, sent()]).toEqual([2304 * MIB, 1536 * MIB, 0]);
    expect(stack.recorded.outputs.reachable).toHaveLength(1);
    expect(await up({ ...half, hotplug })).toBe("same");
    await up(half);
    expect([live().memory, nextBoot().memory]).toEqual([1536 * MIB, 1536 * MIB]);
    expect(await up(half)).toBe("same");
  });
});

describe("a guest that keeps one of the DIMMs", () => {
  test("what was removed before is recorded, and the next boot is set to what is left", async () => {
    const [, kept = ""] = DIMMS;
    host.guestGivesUp.delete(kept);
    host.guestKeeps.add(kept);
    await expect(up(half)).rejects.toThrow(
      /^Unable to remove the 512 MiB DIMM from slot 1, node 0 .*the guest refused.* \(already done: remove the 256 MiB DIMM from slot 2, node 0\)$/,
    );
    expect([live().memory, nextBoot().memory]).toEqual([2048 * MIB, 2048 * MIB]);
    expect(stack.recorded.outputs).toMatchObject({ liveMemory: "2048MiB", nextBootMemory: "2048MiB" });
    expect(stack.recorded.outputs).not.toHaveProperty("pendingMemory");

    host.guestKeeps.clear();
    host.guestGivesUp.add(kept);
    await up(half);
    expect([live().memory, nextBoot().memory]).toEqual([1536 * MIB, 1536 * MIB]);
    expect(await up(half)).toBe("same");
  });

  test("of the first one: nothing was done, and the state stays", async () => {
    host.guestGivesUp.clear();
    for (const alias of DIMMS) host.guestKeeps.add(alias);
    const before = structuredClone(stack.state);
    await expect(up(half)).rejects.toThrow("the guest refused to release it (device-removal-failed");
    expect(stack.state).toEqual(before);
    expect(nextBoot().memory).toBe(2304 * MIB);
    expect(await up(grown)).toBe("same");
  });
});

describe("a guest that doesn't answer", () => {
  beforeEach(async () => {
    host.guestGivesUp.clear();
    await expect(up(half)).rejects.toThrow("no answer from the guest within 10 s");
  });

  test("is recorded as asked, with all of its memory", () => {
    expect(underWay()).toEqual({ domainId: 1, aliases: [DIMMS[2]] });
    expect(stack.recorded.outputs).toMatchObject({ memory: "2304MiB", liveMemory: "2304MiB" });
    expect([sent(), nextBoot().memory]).toEqual([1, 2304 * MIB]);
  });

  test("releases the DIMM during the next up, which doesn't ask for it twice", async () => {
    stack.clock.after(4_000, () => host.giveUp(host.only.uuid, DIMMS[2] ?? ""));
    host.guestGivesUp.add(DIMMS[1] ?? "");
    await up(half);
    expect([live().memory, sent()]).toEqual([1536 * MIB, 2]);
    expect(underWay()).toBeUndefined();
    expect(await up(half)).toBe("same");
  });

  test("released the DIMM in between: a refresh shows that, and the next up continues", async () => {
    host.giveUp(host.only.uuid, DIMMS[2] ?? "");
    await stack.refresh();
    expect(stack.recorded.outputs).toMatchObject({ liveMemory: "2048MiB" });
    expect(underWay()).toBeUndefined();
    host.guestGivesUp.add(DIMMS[1] ?? "");
    await up(half);
    expect([live().memory, sent()]).toEqual([1536 * MIB, 2]);
  });

  test("is asked again after it didn't answer a second time", async () => {
    await expect(up(half)).rejects.toThrow("no answer from the guest within 10 s");
    expect([sent(), underWay()]).toEqual([2, { domainId: 1, aliases: [DIMMS[2]] }]);
  });

  test("and a refresh keeps the request in the state", async () => {
    await stack.refresh();
    expect(underWay()).toEqual({ domainId: 1, aliases: [DIMMS[2]] });
  });

  test("was restarted: the request is void", async () => {
    host.turnOff(host.only.uuid);
    host.boot(host.only.uuid);
    await stack.refresh();
    expect(underWay()).toBeUndefined();
  });

  test("keeps the DIMM if the program wants all of the memory again", async () => {
    expect(await up(grown)).toBe("same");
    expect(sent()).toBe(1);
  });
});

describe("a guest without room for what the DIMMs hold", () => {
  const full = { available: 2200 * MIB, usable: 700.5 * MIB, lastUpdate: 1 };

  test("isn't asked at all: it would run out of memory", async () => {
    host.balloon = full;
    await expect(up(half)).rejects.toThrow(
      "Unable to update domain web-1: the guest has only 700 MiB available (MemAvailable), less than the 768 MiB to remove: it would run out of memory; nothing was removed",
    );
    expect([sent(), live().memory, nextBoot().memory]).toEqual([0, 2304 * MIB, 2304 * MIB]);
  });

  test.each([
    ["has enough", { ...full, usable: 768 * MIB }, args.hotplug],
    ["never reported", { ...full, lastUpdate: 0 }, args.hotplug],
    ["isn't to be asked", full, { ...args.hotplug, awaitGuest: false }],
  ])("one that %s is", async (_, balloon, hotplug) => {
    host.balloon = balloon;
    await up({ ...half, hotplug });
    expect(live().memory).toBe(1536 * MIB);
  });
});

describe("the guest's report afterwards", () => {
  test("is asked for again", async () => {
    const report = () => {
      host.balloon = { available: live().memory - 100 * MIB, lastUpdate: (host.balloon.lastUpdate ?? 0) + 1 };
      return host.balloon;
    };
    host.memoryStats = async () => report();
    await up(half);
    expect(stack.recorded.outputs).toMatchObject({ guestMemory: "1436MiB", guestMemoryFrom: "balloon" });
  });

  test("is absent if the guest doesn't answer: an earlier report doesn't count", async () => {
    host.balloon = { available: 2200 * MIB, lastUpdate: 1 };
    await up(half);
    expect(stack.recorded.outputs).not.toHaveProperty("guestMemory");
  });
});
