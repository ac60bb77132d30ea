import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { changesOf, forgetCalls } from "../support/changes.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
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
const rows = () => stack.run.rows;
const outputs = () => stack.recorded.outputs;

describe("a domain with a saved state", () => {
  beforeEach(() => {
    host.save(uuid());
    forgetCalls(host);
  });

  test.each([
    [undefined, "a guest that was paused when it was saved is paused again; running: true resumes it"],
    [true, "a guest that was paused when it was saved is resumed (running: true)"],
  ])("with running: %s: the preview says what becomes of a guest that was paused", async (running, text) => {
    await stack.preview({ ...grown, ...(running && { running }) });
    expect(stack.run.said.join("\n")).toContain(text);
  });

  test("is seen by a refresh, and costs a preview of an unchanged program nothing before", async () => {
    expect(await stack.up(args)).toBe("same");
    expect(host.calls).toEqual([]);
    await stack.refresh();
    expect(stack.run.said).toEqual([
      "the domain has a saved state with 1003 MiB (virsh managedsave), which the next pulumi up restores",
    ]);
    expect(outputs()).toMatchObject({ state: "shutoff", stateReason: "saved", savedMemory: "1003MiB" });
    const before = structuredClone(stack.recorded);
    await stack.refresh();
    expect(stack.recorded).toEqual(before);
    expect(await stack.up(args)).toBe("update");
    expect(rows()).toEqual(["live: restore the domain from its saved state with 1003 MiB"]);
    expect(changes()).toEqual(["start"]);
    expect(outputs()).toMatchObject({ state: "running" });
    expect(outputs()).not.toHaveProperty("savedMemory");
    expect(await stack.up(args)).toBe("same");
  });

  test("is restored, and grows then: both are in the preview", async () => {
    expect(await stack.up(grown)).toBe("update");
    expect(stack.run.said[0]).toBe(
      [
        "live: restore with 1003 MiB, then 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
        "maximum without a restart: 8 GiB",
        "live: restore the domain from its saved state with 1003 MiB",
        "the domain has a saved state (virsh managedsave), which a start restores with the memory and the devices that it was saved with; discardSavedState: true starts it without the saved state",
        "a guest that was paused when it was saved is paused again; running: true resumes it",
        "1. restore the domain from its saved state with 1003 MiB",
        "2. attach a 256 MiB DIMM in slot 0, node 0",
        "3. set the definition to 1259 MiB of base memory for the next boot",
      ].join("\n"),
    );
    expect(changes()).toEqual(["start", "attachDevice", "define"]);
    expect([live().memory, nextBoot().memory]).toEqual([1259 * MIB, 1259 * MIB]);
    expect(await stack.up(grown)).toBe("same");
    await stack.refresh();
    expect(await stack.up(grown)).toBe("same");
  });

  test("that goes on after a failure of the growth isn't restored twice", async () => {
    host.refuses.set("attachDevice", libvirtError(ErrorCode.OPERATION_FAILED, "no memory left"));
    await expect(stack.up(grown)).rejects.toThrow(
      "no memory left (already done: restore the domain from its saved state with 1003 MiB)",
    );
    expect(outputs()).toMatchObject({ state: "running", liveMemory: "1003MiB" });
    host.refuses.clear();
    forgetCalls(host);
    await stack.up(grown);
    expect(changes()).toEqual(["attachDevice", "define"]);
    expect(await stack.up(grown)).toBe("same");
  });

  test("starts without it by discardSavedState, which looks at once", async () => {
    expect(await stack.up({ ...args, discardSavedState: true, memory: "1300MiB" })).toBe("update");
    expect(rows()[0]).toBe(
      "restart: discard the saved state (1003 MiB) and start the domain (discardSavedState); memory in the definition",
    );
    expect(changes()).toEqual(["define", "removeManagedSave", "start"]);
    expect(live().memory).toBe(1300 * MIB);
    expect(await stack.up({ ...args, discardSavedState: true, memory: "1300MiB" })).toBe("same");
  });

  test("is discarded by discardSavedState alone, once a refresh has seen it", async () => {
    await expect(stack.preview({ ...args, discardSavedState: true })).rejects.toThrow(
      "refused: the domain changed since the state was recorded (planned: no change, now: restart); refresh and preview again",
    );
    await stack.refresh();
    expect(await stack.up({ ...args, discardSavedState: true })).toBe("update");
    expect(changes()).toEqual(["removeManagedSave", "start"]);
  });

  test("stays off and saved by running: false, with a size that comes later", async () => {
    const program = { ...args, running: false, memory: "1300MiB" };
    await stack.up(program);
    expect([changes(), host.only.power, host.only.saved !== undefined]).toEqual([
      ["define"],
      "shutoff",
      true,
    ]);
    expect(await stack.up(program)).toBe("same");
    await stack.refresh();
    expect(await stack.up(program)).toBe("same");
  });

  test("isn't cold-started where it appears while the update is under way", async () => {
    host.change(uuid(), { saved: undefined } as never);
    const { saved: _, ...rest } = host.only;
    host.domains.set(uuid(), rest);
    const define = host.define.bind(host);
    host.define = async (xml) => {
      const defined = await define(xml);
      if (defined.uuid === stack.recorded.id) host.change(defined.uuid, { saved: { xml } });
      return defined;
    };
    await expect(stack.up({ ...args, memory: "1300MiB" })).rejects.toThrow(
      "the domain was saved after it was read",
    );
    expect(changes()).toEqual(["define"]);
  });

  test("is named by a destroy and by a replace", async () => {
    await stack.preview({ ...args, memory: "1300MiB" });
    expect(stack.run.said[0]).toContain("the saved state (virsh managedsave, 1003 MiB) is lost as well");
    await stack.destroy();
    expect(stack.run.said).toEqual(["the domain's saved state (virsh managedsave) is deleted with it"]);
    expect(host.domains.size).toBe(0);
  });

  test("that was saved while it was paused is paused again, unless the program wants it to run", async () => {
    host.change(uuid(), { saved: { xml: host.only.saved?.xml ?? "", isPaused: true } });
    await stack.refresh();
    await stack.up(args);
    expect(outputs()).toMatchObject({ state: "paused", stateReason: "restored" });
    expect(rows().at(-1)).toBe(
      "the domain was paused when it was saved, and is paused (restored) again; running: true resumes it",
    );
    expect(await stack.up(args)).toBe("same");
    expect(await stack.up({ ...args, running: true })).toBe("update");
    expect(host.only.power).toBe("running");
  });

  test("that was saved while it was paused is resumed by running: true at once", async () => {
    host.change(uuid(), { saved: { xml: host.only.saved?.xml ?? "", isPaused: true } });
    await stack.up({ ...grown, running: true });
    expect(changes()).toEqual(["start", "resume", "attachDevice", "define"]);
    expect(host.only.power).toBe("running");
    expect(await stack.up({ ...grown, running: true })).toBe("same");
  });
});
