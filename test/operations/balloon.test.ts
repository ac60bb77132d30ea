import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { CheckFailed, OneResource } from "../support/one-resource.ts";
import { headlineOf, message } from "../support/texts.ts";

const MIB = 1024;
const args = { memory: "1GiB", maxMemory: "8GiB" };
const ballooned = { ...args, currentMemory: "512MiB" };
const patient = { hotplug: { awaitGuest: 1 } };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(() => {
  host = new FakeHypervisor();
  stack = new OneResource(host);
});

/** What the balloon leaves, in MiB: running, and at the next boot. */
function balloons(): (number | undefined)[] {
  const { live, inactive } = host.only;
  return [live, inactive].map((xml) => (xml === undefined ? undefined : readDomain(xml).currentMemory / MIB));
}

async function settled(program: Record<string, unknown>): Promise<void> {
  expect(await stack.up(program)).toBe("same");
  await stack.refresh();
  expect(await stack.up(program)).toBe("same");
}

describe("a program that sets currentMemory", () => {
  test("creates the domain with it, and waits for nothing", async () => {
    host.guestObeysBalloon = false;
    const { inputs } = await stack.preview(ballooned);
    expect(inputs.memoryPlan).toBe(
      "starts with 1 GiB (balloon target 512 MiB); room for 16 DIMMs, up to 8 GiB",
    );
    await stack.up(ballooned);
    expect(balloons()).toEqual([1024, 512]);
    await settled(ballooned);
  });

  test("sets the balloon target of the running domain and of its definition", async () => {
    await stack.up(args);
    expect(await stack.up(ballooned)).toBe("update");
    expect(stack.run.said).toEqual([
      message(
        "live: balloon target 1024 → 512 MiB, now and at the next boot",
        "1. set the balloon target in the definition to 512 MiB",
        "2. set the balloon target to 512 MiB",
      ),
    ]);
    expect(balloons()).toEqual([512, 512]);
    expect(host.calls).not.toContain("attachDevice");
    await settled(ballooned);
  });

  test("sets the target again after an attach, which raises it", async () => {
    await stack.up(ballooned);
    await stack.up({ ...ballooned, memory: "1280MiB" });
    expect(stack.run.said[0]?.split("\n")).toContain(
      "live: balloon target 768 → 512 MiB, once the guest has the new memory",
    );
    expect(balloons()).toEqual([512, 512]);
    expect(host.calls.indexOf("setMemory")).toBeGreaterThan(host.calls.indexOf("attachDevice"));
    await settled({ ...ballooned, memory: "1280MiB" });
  });

  test("raises and lowers the target", async () => {
    await stack.up(ballooned);
    await stack.up({ ...ballooned, currentMemory: "768MiB" });
    expect(balloons()).toEqual([768, 768]);
    await stack.up({ ...ballooned, memory: "1280MiB", currentMemory: "1280MiB" });
    expect(balloons()).toEqual([1280, 1280]);
    await settled({ ...ballooned, memory: "1280MiB", currentMemory: "1280MiB" });
  });

  test("and removes it later gives the guest all of its memory back, once", async () => {
    await stack.up(ballooned);
    await stack.up(args);
    expect(stack.run.said.map((text) => text.split("\n").slice(0, 2))).toEqual([
      [
        "live: balloon target 512 → 1024 MiB, now and at the next boot",
        "the program no longer sets currentMemory, so the guest gets all of its memory back",
      ],
    ]);
    expect(balloons()).toEqual([1024, 1024]);
    await host.setMemory(host.refTo(host.only.uuid), 700 * MIB, { live: true });
    await settled(args);
    expect(balloons()).toEqual([700, 1024]);
  });

  test("shows a target that someone else set in a refresh, and restores it", async () => {
    await stack.up(ballooned);
    await host.setMemory(host.refTo(host.only.uuid), 700 * MIB, { live: true });
    await stack.refresh();
    expect(stack.recorded).toMatchObject({
      inputs: { currentMemory: "700MiB" },
      outputs: { currentMemory: "512MiB" },
    });
    expect(await stack.up(ballooned)).toBe("update");
    expect(balloons()).toEqual([512, 512]);
    await settled(ballooned);
  });

  test("changes only the definition if the domain is off or the program defers changes", async () => {
    await stack.up({ ...args, running: false });
    await stack.up({ ...ballooned, running: false });
    expect(stack.run.said.map(headlineOf)).toEqual([
      "live: balloon target 1024 → 512 MiB in the definition (the domain is off)",
    ]);
    expect(balloons()).toEqual([undefined, 512]);
    await stack.up(ballooned);
    const later = { ...ballooned, currentMemory: "600MiB", hotplug: { applyOn: "nextBoot" } };
    await stack.up(later);
    expect(stack.run.said[0]).toMatch(/^next boot: balloon target 512 → 600 MiB, after a shutdown and start/);
    expect(balloons()).toEqual([512, 600]);
    await settled(later);
  });

  test("sets the target of a paused domain: the guest's driver reacts once it resumes", async () => {
    await stack.up(args);
    host.change(host.only.uuid, { power: "paused" });
    host.guestObeysBalloon = false;
    await stack.up(ballooned);
    expect(stack.run.said.map((text) => text.split("\n").slice(0, 2))).toEqual([
      [
        "live: balloon target 1024 → 512 MiB, now and at the next boot",
        "the domain is paused: the guest's driver reacts once the domain resumes",
      ],
    ]);
    await settled(ballooned);
  });

  test("and doesn't wait sets the target once, however long the guest takes", async () => {
    await stack.up(args);
    host.guestObeysBalloon = false;
    const program = { ...ballooned, hotplug: { awaitGuest: false } };
    await stack.up(program);
    expect(host.calls.filter((call) => call === "setMemory")).toHaveLength(2);
    await settled(program);
    expect(host.calls.filter((call) => call === "setMemory")).toHaveLength(2);
  });
});

test("memory is not taken from a guest without a preview that shows it", async () => {
  await stack.up(ballooned);
  let moved: Promise<void> | undefined;
  const move = () => {
    moved = host.setMemory(host.refTo(host.only.uuid), 700 * MIB, { live: true });
  };
  await expect(stack.up({ ...ballooned, vcpus: 2 }, move)).rejects.toMatchObject({
    code: "domain-changed",
    message: expect.stringMatching(/\(memory would be removed\).*\nplanned: "live: vCPUs 1 → 2 /),
  });
  await moved;
  expect(balloons()).toEqual([700, 512]);
});

test("a balloon gives back what the removal of a DIMM takes, and ends at its target", async () => {
  const shrinkable = { ...ballooned, hotplug: { allowUnplug: true } };
  await stack.up({ ...args, hotplug: shrinkable.hotplug });
  await stack.up({ ...shrinkable, memory: "1280MiB" });
  host.guestGivesUp.add("ua-pulumi-dimm0");
  // Enough only with what the balloon gives back.
  host.balloon = { available: 400 * MIB, usable: 100 * MIB, lastUpdate: 7 };
  host.calls.length = 0;
  await stack.up(shrinkable);
  expect(stack.run.said[0]?.split("\n")).toContain(
    "live: balloon target 512 → 768 MiB before the removal, so that 512 MiB remain",
  );
  expect(host.calls.filter((call) => call === "setMemory" || call === "detachDevice")).toEqual([
    "setMemory",
    "detachDevice",
  ]);
  expect(balloons()).toEqual([512, 512]);
  await settled(shrinkable);
});

describe("a guest whose balloon doesn't move", () => {
  beforeEach(async () => {
    await stack.up(args);
    host.guestObeysBalloon = false;
    await expect(stack.up({ ...ballooned, ...patient })).rejects.toThrow(
      /^Unable to set the balloon target to 512 MiB \(domain web-1\): balloon still at 1 GiB \(target 512 MiB\) after 1 s \(hotplug.awaitGuest\) and hasn't moved: the guest has no balloon driver .* \(already done: set the balloon target in the definition to 512 MiB\)$/,
    );
  });

  test("fails the update, and the next one sets the target again", async () => {
    expect(stack.recorded).toMatchObject({ isPartial: true, outputs: { liveMemory: "1024MiB" } });
    host.guestObeysBalloon = true;
    expect(await stack.up({ ...ballooned, ...patient })).toBe("update");
    expect(balloons()).toEqual([512, 512]);
    await settled({ ...ballooned, ...patient });
  });

  test("gets everything back if the program no longer sets currentMemory", async () => {
    host.guestObeysBalloon = true;
    await stack.up({ ...args, ...patient });
    expect(balloons()).toEqual([1024, 1024]);
    await settled({ ...args, ...patient });
  });
});

test("the balloon doesn't take memory that the guest has not taken yet", async () => {
  await stack.up(ballooned);
  host.balloon = { available: 400 * MIB, lastUpdate: 7 };
  const grown = { ...ballooned, memory: "1280MiB", ...patient };
  await expect(stack.up(grown)).rejects.toThrow(/256 MiB less than it should have/);
  expect(balloons()).toEqual([768, 512]);
  host.balloon = { available: 700 * MIB, lastUpdate: 9 };
  await stack.up(grown);
  expect(balloons()).toEqual([512, 512]);
});

test("a program without currentMemory leaves the balloon alone", async () => {
  await stack.up(args);
  await host.setMemory(host.refTo(host.only.uuid), 700 * MIB, { live: true, config: true });
  await stack.refresh();
  expect(await stack.up({ ...args, vcpus: 2 })).toBe("update");
  expect(balloons()).toEqual([700, 700]);
  await settled({ ...args, vcpus: 2 });
});

test("an impossible target is refused at the argument", async () => {
  const failing = async (program: Record<string, unknown>) => {
    const error: unknown = await stack.up(program).catch((caught: unknown) => caught);
    return error instanceof CheckFailed ? error.failures : error;
  };
  const property = "currentMemory";
  expect(await failing({ ...args, currentMemory: "1025MiB" })).toEqual([
    {
      property,
      reason:
        "is 1025 MiB, above memory (1024 MiB); lower it, or remove it to leave the guest all of its memory",
    },
  ]);
  expect(await failing({ ...args, currentMemory: "143MiB" })).toMatchObject([
    {
      property,
      reason: expect.stringContaining("with 1024 MiB of memory the guest's kernel needs at least 144 MiB"),
    },
  ]);
  expect(await failing({ ...ballooned, balloon: false })).toMatchObject([{ property }]);
});
