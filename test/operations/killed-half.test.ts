import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

/** Every case is a create, an update that is killed, and two more. */
const size = (mib: number) => `${mib}MiB`;

/** What a program may ask after a kill: anything that doesn't replace the domain. */
const program = fc
  .record({
    memory: fc.constantFrom(512, 600, 768, 1024, 1100),
    vcpus: fc.constantFrom(2, 4),
    whenNotPossible: fc.constantFrom("restart", "nextBoot"),
    applyOn: fc.constantFrom("now", "nextBoot"),
    running: fc.constantFrom(true, true, false),
    numa: fc.constantFrom(undefined, undefined, [256, 256]),
  })
  .map(({ memory, vcpus, whenNotPossible, applyOn, running, numa }) => ({
    ...{ memory: size(memory), maxMemory: "4GiB", vcpus, running },
    ...(numa !== undefined && { numa: numa.map((mib) => ({ memory: size(mib) })) }),
    hotplug: { whenNotPossible, applyOn, awaitGuest: false, allowUnplug: true },
  }));

const FIRST = {
  ...{ memory: "512MiB", maxMemory: "4GiB", vcpus: 2 },
  hotplug: { whenNotPossible: "restart", awaitGuest: false },
};

async function scene() {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  for (const slot of [0, 1, 2, 3]) host.guestGivesUp.add(`ua-pulumi-dimm${slot}`);
  await stack.up({ ...FIRST });
  host.calls.length = 0;
  return { host, stack };
}

/** The domain itself: a probe or a kept definition that a kill leaves goes with the next update. */
function domainOf(host: FakeHypervisor) {
  const own = [...host.domains.values()].find(({ name }) => name === "web-1");
  if (own === undefined) throw new Error("the domain is gone");
  return own;
}

describe("killed at any call, without a record", () => {
  property.prop([program, program, fc.nat({ max: 99 })], cases(80))(
    "whatever the next program asks is done, and nothing of ours is taken for somebody else's",
    async (killed, next, at) => {
      const { host, stack } = await scene();
      const recorded = structuredClone(stack.state);
      const count = await callsOf(killed);
      host.death = { call: 1 + (at % count), carriedOut: true };
      await stack.up({ ...killed }).catch(() => undefined);
      host.death = undefined;
      stack.state = recorded;
      // A state that knows nothing of a restart may announce less than what is needed.
      const error = await stack.up({ ...next }).catch((caught) => caught);
      if (error instanceof Error) expect(error).toHaveProperty("code", "domain-changed");
      // An argument that the program has as the state recorded it is only looked at by a refresh.
      await stack.refresh();
      await stack.up({ ...next });
      const { power, inactive = "" } = domainOf(host);
      expect(power).toBe(next.running ? "running" : "shutoff");
      expect(readDomain(inactive)).toMatchObject({
        memory: mibOf(next.memory) * 1024,
        currentVcpus: next.vcpus,
      });
      expect(await stack.up({ ...next })).toBe("same");
      expect(host.domains.size).toBe(1);
    },
  );

  async function callsOf(args: object): Promise<number> {
    const { host, stack } = await scene();
    await stack.up({ ...args });
    return Math.max(1, host.calls.length);
  }
});

function mibOf(text: string): number {
  return Number.parseInt(text, 10);
}

test("a size of ours that is pending without a record is replaced by any other, and one that others set is not", async () => {
  const later = { ...FIRST, hotplug: { ...FIRST.hotplug, whenNotPossible: "nextBoot" } };
  const { host, stack } = await scene();
  const recorded = structuredClone(stack.state);
  await stack.up({ ...later, memory: "600MiB" });
  stack.state = structuredClone(recorded);
  await stack.up({ ...later, memory: "700MiB" });
  expect(stack.run.said.join("\n")).toContain("this replaces the pending change to 600 MiB");
  expect(readDomain(host.only.inactive ?? "").memory).toBe(700 * 1024);

  stack.state = structuredClone(recorded);
  const cell = /<cell (.*?)memory=["']\d+["']/;
  const inactive = (host.only.inactive ?? "").replace(cell, `<cell $1memory='${900 * 1024}'`);
  host.change(host.only.uuid, { inactive });
  await expect(stack.up({ ...later, memory: "800MiB" })).rejects.toThrow(
    "someone else set 900 MiB for the next boot, but the program wants 800 MiB",
  );
});
