import { describe, expect, test } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { interruptions } from "../support/interruptions.ts";
import { OneResource } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", hotplug: { whenNotPossible: "restart" } };

const operations: [name: string, after: object][] = [
  ["growth", { ...args, memory: "1259MiB", vcpus: 4 }],
  ["restart", { ...args, memory: "900MiB" }],
  ["replace", { ...args, memory: "900MiB", hotplug: { whenNotPossible: "replace" } }],
];

async function scene() {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  await stack.up({ ...args });
  host.calls.length = 0;
  return { host, stack };
}

const leftOn = (host: FakeHypervisor) =>
  [...host.domains.values()]
    .map(({ name }) => name)
    .filter((name) => name.startsWith("pulumi-libvirt-hotplug-"));

describe.each(operations)(
  "a %s that was ended at any call, and a program that was put back",
  (_name, after) => {
    async function points(): Promise<number[]> {
      const { host, stack } = await scene();
      await stack.up({ ...after });
      return interruptions(host.calls);
    }

    async function endedAt(call: number) {
      const made = await scene();
      const recorded = structuredClone(made.stack.state);
      made.host.death = { call, carriedOut: true };
      await made.stack.up({ ...after }).catch(() => undefined);
      made.host.death = undefined;
      const isDeleted = made.stack.state?.isPendingReplacement === true;
      made.stack.state = recorded;
      return { ...made, isDeleted };
    }

    test("a refresh names what is left on the host, and a destroy removes it", {
      timeout: 60_000,
    }, async () => {
      let found = 0;
      for (const call of await points()) {
        const { host, stack, isDeleted } = await endedAt(call);
        // The engine leaves a resource out of a refresh whose replace it has to finish.
        if (isDeleted) continue;
        const left = leftOn(host);
        found += left.length;
        await stack.refresh();
        for (const name of left)
          expect(stack.run.said.join("\n"), `call ${call}`).toContain(`domain ${name} `);
        expect(leftOn(host)).toEqual(left);
        if (stack.state === undefined) continue;
        await stack.destroy();
        expect([...host.domains.values()], `call ${call}`).toEqual([]);
      }
      expect(found).toBeGreaterThan(0);
    });

    test("the next update of anything removes it", { timeout: 60_000 }, async () => {
      for (const call of await points()) {
        const { host, stack, isDeleted } = await endedAt(call);
        if (isDeleted) continue;
        await stack.refresh();
        await stack.up({ ...args, description: "later" });
        expect(leftOn(host), `call ${call}`).toEqual([]);
      }
    });
  },
);

test("a refresh warns of nothing where nothing is left", async () => {
  const { host, stack } = await scene();
  await stack.refresh();
  expect([leftOn(host), stack.run.said]).toEqual([[], []]);
});
