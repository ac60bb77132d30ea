import { describe, expect, test } from "vitest";
import { explain } from "../../provider/explain/explanation.ts";
import { explanationJson } from "../../provider/explain/json.ts";
import { at, observation, URI } from "../support/observations.ts";
import { off, ours, running, theirs, transient } from "../support/scene.ts";

describe("the JSON of", () => {
  const json = (...args: Parameters<typeof explain>) =>
    JSON.parse(JSON.stringify(explanationJson(explain(...args))));

  test("a running domain", () => {
    const devices = [at(0, ours(0, 256)), at(256, theirs(2, 100, "dimm2"))];
    const of = observation(running({ devices, max: 2048, slots: 4 }, { cells: [1259], max: 2048, slots: 4 }));
    expect(json(URI, of, { memory: "1615MiB" })).toEqual({
      format: 2,
      uri: URI,
      name: "web-1",
      uuid: "5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01",
      state: "running",
      persistent: true,
      arch: "x86_64",
      machine: null,
      owner: null,
      live: {
        memory: "1359MiB",
        currentMemory: "1359MiB",
        maxMemory: "2048MiB",
        memorySlots: 4,
        freeSlots: [1, 3],
        guestBlock: "128MiB",
        baseMemory: "1003MiB",
        cells: [{ id: 0, memory: "1003MiB", cpus: null }],
        devices: [
          {
            ...{ model: "dimm", size: "256MiB", slot: 0, node: 0, base: "0x100000000" },
            ...{ alias: "ua-pulumi-dimm0", ours: true, misaligned: false, taken: null, blocks: null },
          },
          {
            ...{ model: "dimm", size: "100MiB", slot: 2, node: 0, base: "0x110000000" },
            ...{ alias: "dimm2", ours: false, misaligned: true, taken: null, blocks: null },
          },
        ],
      },
      guest: null,
      nextBoot: {
        memory: "1259MiB",
        currentMemory: "1259MiB",
        maxMemory: "2048MiB",
        memorySlots: 4,
        freeSlots: [0, 1, 2, 3],
        guestBlock: "128MiB",
        baseMemory: "1259MiB",
        cells: [{ id: 0, memory: "1259MiB", cpus: null }],
        devices: [],
      },
      pendingMemory: "1259MiB",
      reachable: {
        up: { from: "1615MiB", to: "1871MiB", step: "256MiB" },
        down: null,
        reasons: [],
        reasonsDown: [
          { code: "unplug-not-allowed", text: "hotplug.allowUnplug is false (if true: 1103 MiB)" },
        ],
      },
      vcpus: {
        live: { current: 1, maximum: 1 },
        nextBoot: { current: 1, maximum: 1 },
        reachable: [],
        reasons: [
          {
            code: "beyond-max-vcpus",
            text: "2 vCPUs are above the running domain's maximum of 1, which is fixed at boot",
          },
        ],
        removable: [],
      },
      ...{ disks: [], interfaces: [], graphics: [] },
      plan: {
        memory: "1615MiB",
        outcome: "live",
        headline: "live: 1359 → 1615 MiB, one 256 MiB DIMM in slot 1 (1 of 4 free), no restart",
        details: [
          "maximum without a restart: 2 GiB",
          expect.stringMatching(/^the new memory starts at 0x118000000, since /),
        ],
        steps: [
          { kind: "attach", sentence: "attach a 256 MiB DIMM in slot 1, node 0, at 0x118000000" },
          { kind: "define", sentence: "set the definition to 1615 MiB of base memory for the next boot" },
        ],
        reasons: [],
        notes: ["planned as for a program that has adopted the domain (adopt: true)"],
      },
    });
  });

  test("sizes for a live decrease", () => {
    const of = observation(running({ devices: [ours(0, 256), ours(1, 512)] }, { cells: [1771] }));
    const { reachable, plan } = json(URI, of, { memory: "1003MiB", allowUnplug: true });
    expect(reachable).toMatchObject({
      down: [{ from: "1003MiB", to: "1515MiB", step: "256MiB" }],
      reasonsDown: [],
    });
    expect(plan).toMatchObject({
      outcome: "live",
      steps: [{ kind: "detach" }, { kind: "detach" }, { kind: "define" }],
    });
  });

  test("what is absent is null, and there is no plan without a size", () => {
    const never = { pendingMemory: null, owner: null };
    const gone = json(URI, observation(transient()));
    expect(gone).toMatchObject({ ...never, persistent: false, nextBoot: null, live: { memory: "1003MiB" } });
    const shut = json(URI, observation(off({ max: undefined })));
    expect(shut).toMatchObject({
      ...never,
      state: "shutoff",
      live: null,
      nextBoot: { maxMemory: null, memorySlots: 0, freeSlots: [] },
      reachable: {
        up: null,
        reasons: [{ code: "domain-off", text: expect.stringContaining("the domain is off") }],
      },
    });
    for (const one of [gone, shut]) expect(one).not.toHaveProperty("plan");
  });
});
