import { beforeEach, describe, expect, test } from "vitest";
import { MIB } from "../support/fake-guest.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { createdLinux, failureOf, growing } from "../support/growing-linux.ts";
import type { OneResource } from "../support/one-resource.ts";
import type { SimulatedLinux } from "../support/simulated-linux.ts";

let host: FakeHypervisor;
let stack: OneResource;
let guest: SimulatedLinux;

beforeEach(async () => {
  ({ host, stack, guest } = await createdLinux());
});

const failure = (program: object) => failureOf(stack, program);

describe("a figure that is older than the last change", () => {
  test("doesn't refuse a decrease", async () => {
    guest.used = 1000 * MIB;
    await stack.up(growing(1280));
    await host.memoryStats(host.refTo(host.only.uuid));
    await stack.up(growing(1536));
    host.guestGivesUp.add("ua-pulumi-dimm1");
    expect(await stack.up(growing(1280))).toBe("update");
  });

  test("doesn't allow one that the guest has no memory for", async () => {
    await stack.up(growing(1536));
    await stack.clock.sleep(2_500);
    await host.memoryStats(host.refTo(host.only.uuid));
    guest.used = 1200 * MIB;
    expect(await failure(growing(1024))).toMatch(/the guest has only \d+ MiB available/);
  });

  test("isn't what a growth is measured from", async () => {
    guest.setAgent("off");
    await stack.clock.sleep(2_500);
    await stack.up(growing(1280, { awaitGuest: false }));
    guest.onlinesItself = false;
    expect(await failure(growing(1536))).toMatch(/256 MiB less than it should have/);
  });
});

test("a decrease for which the balloon driver reports nothing new is judged by its last report, after some seconds", async () => {
  await stack.up(growing(1280));
  guest.used = 1150 * MIB;
  await stack.clock.sleep(2_500);
  const last = await host.memoryStats(host.refTo(host.only.uuid));
  host.balloon = { ...last };
  const before = stack.clock.now();
  expect(await failure(growing(1024))).toMatch(/the guest has only \d+ MiB available/);
  expect(stack.clock.now() - before).toBeLessThanOrEqual(6_000);
});
