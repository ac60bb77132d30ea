import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { changesOf, forgetCalls } from "../support/changes.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, type OneResource } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB" };
const grown = { ...args, memory: "1259MiB" };
const MIB = 1024;

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(async () => {
  ({ host, stack } = await created(args));
  forgetCalls(host);
});

const uuid = () => host.only.uuid;
const live = () => readDomain(host.only.live ?? "");
const nextBoot = () => readDomain(host.only.inactive ?? "");
const changes = () => changesOf(host);
const pause = (reason: number, hasJob = false) => host.change(uuid(), { power: "paused", reason, hasJob });
const rows = () => stack.run.rows;
const outputs = () => stack.recorded.outputs;

describe("an update that was announced as nothing or as a setting", () => {
  /** What others did to a domain whose state is settled. */
  const worlds: [string, () => void, string][] = [
    ["is off", () => host.turnOff(uuid()), "start the domain, which is off"],
    [
      "has less memory, and a definition with less",
      () => {
        const less = (xml: string) => xml.replaceAll(String(1259 * MIB), String(1003 * MIB));
        host.change(uuid(), { live: less(host.only.live ?? ""), inactive: less(host.only.inactive ?? "") });
      },
      "1003 → 1259 MiB",
    ],
    ["is paused", () => pause(1), "resume the domain"],
    ["is asleep", () => host.change(uuid(), { power: "pmsuspended", reason: 0 }), "wake the guest"],
    ["has a saved state", () => host.save(uuid()), "restore the domain"],
  ];

  test.each(worlds)(
    "changes nothing of a domain that %s, and the next one does",
    async (_, happens, what) => {
      const program = { ...grown, running: true };
      await stack.up(program);
      host.turnOff(uuid());
      host.boot(uuid());
      await stack.refresh();
      expect(await stack.up(program)).toBe("same");
      happens();
      forgetCalls(host);
      expect(await stack.up({ ...program, shutdownTimeout: 7 })).toBe("update");
      expect(changes()).toEqual([]);
      expect(rows()[0]).toBe("setting only: shutdownTimeout");
      expect(stack.run.messages.at(-1)).toMatchObject({
        severity: "warning",
        text: expect.stringContaining("not done, since the preview didn't announce it: "),
      });
      expect(rows().at(-1)).toContain(what);

      expect(await stack.up({ ...program, shutdownTimeout: 7 })).toBe("update");
      expect(changes()).not.toEqual([]);
      expect(live().memory).toBe(1259 * MIB);
      expect(host.only.power).toBe("running");
      expect(await stack.up({ ...program, shutdownTimeout: 7 })).toBe("same");
    },
  );

  test("leaves a size that others set for the next boot theirs", async () => {
    host.change(uuid(), {
      inactive: (host.only.inactive ?? "").replace(/memory='\d+'/, `memory='${2048 * MIB}'`),
    });
    await stack.up({ ...args, shutdownTimeout: 7 });
    expect(nextBoot().memory).toBe(2048 * MIB);
    expect(outputs().__observed).not.toHaveProperty("pending");
  });

  test("is nothing too, where the engine calls it after an update that failed in part", async () => {
    await stack.up({ ...grown });
    stack.recorded.isPartial = true;
    host.turnOff(uuid());
    forgetCalls(host);
    expect(await stack.up({ ...grown })).toBe("same");
    expect(changes()).toEqual([]);
  });
});

describe("a domain that is paused", () => {
  const on = { ...args, running: true };

  test("by a user is shown by a refresh, and resumed by an explicit running: true only", async () => {
    pause(1);
    await stack.refresh();
    expect(outputs()).toMatchObject({ state: "paused", stateReason: "user" });
    expect(stack.run.said).toEqual(["the domain is paused (user); running: true resumes it"]);
    expect(await stack.up(args)).toBe("same");
    expect(await stack.up(on)).toBe("update");
    expect(rows()).toEqual(["live: resume the domain, which is paused (user)"]);
    expect(changes()).toEqual(["resume"]);
    expect(outputs()).toMatchObject({ state: "running" });
    expect(outputs()).not.toHaveProperty("stateReason");
    expect(await stack.up(on)).toBe("same");
  });

  test("by a user although the program has running: true is resumed after a refresh saw it", async () => {
    await stack.up(on);
    pause(1);
    expect(await stack.up(on)).toBe("same");
    await stack.refresh();
    expect(stack.run.said).toEqual(["the domain is paused (user); the next pulumi up resumes it"]);
    const before = structuredClone(stack.recorded);
    await stack.refresh();
    expect(stack.recorded).toEqual(before);
    const { inputs } = await stack.preview(on);
    expect(inputs).toMatchObject({ change: "live" });
    expect(await stack.up(on)).toBe("update");
    expect(host.only.power).toBe("running");
    expect(await stack.up(on)).toBe("same");
  });

  test.each([
    [5, "I/O error"],
    [6, "watchdog"],
    [10, "crashed"],
    [13, "post-copy failed"],
    [0, "unknown"],
  ])("by what libvirt numbers %i (%s) is named and never resumed", async (reason, name) => {
    await stack.up(on);
    pause(reason);
    await stack.refresh();
    const named = `the domain is paused (${name}): it isn't resumed by this provider; deal with the cause, then resume it (virsh resume)`;
    expect(stack.run.said).toEqual([named]);
    expect(outputs()).toMatchObject({ state: "paused", stateReason: name });
    forgetCalls(host);
    expect(await stack.up(on)).toBe("same");
    expect(stack.run.said).toEqual([named]);
    expect(changes()).toEqual([]);
  });

  test.each([
    [3, "saving"],
    [9, "creating snapshot"],
    [11, "starting up"],
  ])("by a job (%i, %s) is refused for as long as the job holds it", async (reason, name) => {
    pause(reason, true);
    await expect(stack.preview(grown)).rejects.toMatchObject({ code: "domain-busy" });
    await expect(stack.preview({ ...args, running: false })).rejects.toThrow(`paused (${name})`);
    expect(await stack.up({ ...args, shutdownTimeout: 7 })).toBe("update");
    expect(changes()).toEqual([]);
    await host.resume({ name: "web-1", uuid: uuid(), id: 1 });
    await stack.up({ ...grown, shutdownTimeout: 7 });
    expect(live().memory).toBe(1259 * MIB);
  });

  test("is resumed first, to shut down", async () => {
    pause(1);
    await stack.up({ ...args, running: false });
    expect(rows()[0]).toBe("restart: resume, then shut the domain down (running: false)");
    expect(changes()).toEqual(["resume", "shutdown"]);
    expect(host.only.power).toBe("shutoff");
    expect(await stack.up({ ...args, running: false })).toBe("same");
  });

  test("by an error is forced off at once, where the program allows it", async () => {
    pause(5);
    await expect(stack.preview({ ...args, running: false })).rejects.toMatchObject({ code: "domain-halted" });
    await stack.up({ ...args, running: false, forceOff: true });
    expect(changes()).toEqual(["destroy"]);
    expect(await stack.up({ ...args, running: false, forceOff: true })).toBe("same");
  });

  test("is restarted, with the size that it was restarted for", async () => {
    pause(1);
    const program = { ...args, memory: "1300MiB", hotplug: { whenNotPossible: "restart" } };
    await stack.up(program);
    expect(changes()).toEqual(["resume", "shutdown", "define", "start"]);
    expect(live().memory).toBe(1300 * MIB);
    expect(await stack.up(program)).toBe("same");
  });

  test("by a crash, with its process preserved, is neither started nor taken for off", async () => {
    host.change(uuid(), { power: "crashed", reason: 1 });
    await stack.refresh();
    expect(outputs()).toMatchObject({ state: "crashed", stateReason: "crashed", liveMemory: "1003MiB" });
    expect(await stack.up(args)).toBe("same");
    expect(changes()).toEqual([]);
    await stack.destroy();
    expect(host.domains.size).toBe(0);
  });
});

describe("a guest that is asleep", () => {
  beforeEach(() => host.change(uuid(), { power: "pmsuspended", reason: 0 }));

  test("takes no memory: refused, or deferred", async () => {
    await expect(stack.preview(grown)).rejects.toMatchObject({ code: "domain-asleep" });
    const later = { ...grown, hotplug: { whenNotPossible: "nextBoot" } };
    await stack.up(later);
    expect(changes()).toEqual(["define"]);
    expect(await stack.up(later)).toBe("same");
  });

  test("is woken by running: true, and grows then", async () => {
    await stack.up({ ...grown, running: true });
    expect(changes()).toEqual(["wake", "attachDevice", "define"]);
    expect(live().memory).toBe(1259 * MIB);
    expect(await stack.up({ ...grown, running: true })).toBe("same");
  });

  test("is woken, to shut down", async () => {
    await stack.up({ ...args, running: false });
    expect(changes()).toEqual(["wake", "shutdown"]);
  });
});
