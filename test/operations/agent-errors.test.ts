import { beforeEach, describe, expect, test } from "vitest";
import { MIB } from "../support/fake-guest.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { createdLinux, GROWING, growing } from "../support/growing-linux.ts";
import type { OneResource } from "../support/one-resource.ts";
import type { SimulatedLinux } from "../support/simulated-linux.ts";

let host: FakeHypervisor;
let stack: OneResource;
let guest: SimulatedLinux;

beforeEach(async () => {
  ({ host, stack, guest } = await createdLinux());
});

const said = () => stack.run.said.join("\n");

describe("a guest whose agent can't be asked while memory comes, and that has no balloon statistics", () => {
  const program = (memory: string) => ({ ...GROWING, memory });

  beforeEach(() => {
    guest.balloonReports = false;
    guest.onlinesItself = false;
  });

  test.each([
    [
      "is frozen by a backup",
      "Command guest-get-memory-blocks has been disabled: the agent is in frozen state",
    ],
    ["doesn't respond", "Guest agent is not responding: QEMU guest agent is not connected"],
  ])("is asked by the next update if the agent %s", async (_, error) => {
    guest.setAgent({ error });
    expect(await stack.up(program("1280MiB"))).toBe("update");
    expect(said()).toContain(`the guest agent is connected but unusable (${error})`);
    expect(await stack.preview(program("1280MiB"))).toMatchObject({ kind: "update" });
    guest.setAgent("on");
    await stack.up(program("1280MiB"));
    expect(guest.memory).toBe(1280 * MIB);
    expect(await stack.up(program("1280MiB"))).toBe("same");
  });

  test("isn't waited for again if the agent doesn't know the commands", async () => {
    guest.setAgent({ error: "The command guest-get-memory-block-info has not been found" });
    expect(await stack.up(program("1280MiB"))).toBe("update");
    expect(said()).toContain("has not been found");
    expect(await stack.up(program("1280MiB"))).toBe("same");
  });
});

test("a virtio-mem device whose guest's agent answers with an error names its words", async () => {
  const elastic = { ...GROWING, hotplug: { ...GROWING.hotplug, device: "virtio-mem" } };
  ({ host, stack, guest } = await createdLinux(elastic));
  guest.onlinesItself = false;
  guest.setAgent({
    error: "Command guest-get-memory-blocks has been disabled: the agent is in frozen state",
  });
  await stack.clock.sleep(2_500);
  await stack.up({ ...elastic, memory: "1280MiB" }).catch(() => undefined);
  expect(said()).toContain("the agent is in frozen state");
});

test("a refresh names the words of an agent that answers with an error, and what the balloon driver reports instead", async () => {
  await stack.up(growing(1280));
  guest.onlinesItself = false;
  guest.setAgent({
    error: "Command guest-get-memory-blocks has been disabled: the agent is in frozen state",
  });
  guest.reset();
  await stack.clock.sleep(2_500);
  await stack.refresh();
  expect(said()).toMatch(
    /its balloon driver reports only \d+ MiB; the guest agent is connected .*the agent is in frozen state/,
  );
  guest.balloonReports = false;
  await stack.refresh();
  expect(said()).toMatch(
    /^couldn't ask the guest agent about the attached memory: .*the agent is in frozen state/,
  );
});

test("a decrease names the words of an agent that answers with an error", async () => {
  await stack.up(growing(1280));
  guest.setAgent({
    error: "Command guest-get-memory-blocks has been disabled: the agent is in frozen state",
  });
  host.guestGivesUp.add("ua-pulumi-dimm0");
  await stack.up(growing(1024));
  expect(said()).toMatch(/the guest agent is connected but unusable \(.*the agent is in frozen state\)/);
});
