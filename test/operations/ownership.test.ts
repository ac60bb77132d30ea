import { beforeEach, describe, expect, test } from "vitest";
import { setOwnership } from "../../provider/domain/edit.ts";
import { readDomain } from "../../provider/domain/read.ts";
import type { Ownership } from "../../provider/domain/state.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { interruptions } from "../support/interruptions.ts";
import { created, type OneResource, URN } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB" };
const OTHER = URN.replace("web-1", "front");
const RENAMED = URN.replace("dev", "prod");

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(async () => {
  ({ host, stack } = await created(args));
  host.calls.length = 0;
});

const owner = () => readDomain(host.only.inactive ?? "").ownership;

/** Somebody redefines the domain with another owner, or without one, and maybe with another name. */
function redefine(ownership: Ownership | undefined, name = "web-1"): void {
  const { uuid, live = "", inactive = "" } = host.only;
  const [running, defined] = [live, inactive].map((xml) =>
    setOwnership(xml, ownership).replace("<name>web-1<", `<name>${name}<`),
  );
  host.change(uuid, { name, live: running ?? "", inactive: defined ?? "" });
}

const mark = (urn: string, more: Partial<Ownership> = {}): Ownership => ({
  version: 1,
  urn,
  creating: false,
  ...more,
});

/** A domain of the resource's UUID that isn't the resource's, and why. */
const foreign: [string, () => void, string][] = [
  ["with another resource's metadata", () => redefine(mark(OTHER)), `belongs to ${OTHER}`],
  [
    "that another resource is creating",
    () => redefine(mark(OTHER, { creating: true })),
    `belongs to ${OTHER}`,
  ],
  [
    "that was renamed from another resource",
    () => redefine(mark(OTHER, { previousUrn: RENAMED })),
    `belongs to ${OTHER}`,
  ],
  [
    "with no metadata and another name",
    () => redefine(undefined, "front"),
    'is named "front" instead of "web-1" and has no metadata of this provider',
  ],
];

const READS =
  /^(find|state|xml|isPersistent|autostart|agent|memoryStats|capabilities|version|domainCap|subscribe)/;
const changes = () => host.calls.filter((call) => !READS.test(call));

describe.each(foreign)("a domain %s", (_, spoil, why) => {
  beforeEach(() => {
    spoil();
    host.calls.length = 0;
  });

  test("is left alone by destroy, which succeeds with a warning", async () => {
    const before = structuredClone(host.only);
    await stack.destroy();
    expect([changes(), host.only]).toEqual([[], before]);
    expect(stack.state).toBeUndefined();
    expect(stack.run.messages).toEqual([
      {
        urn: URN,
        severity: "warning",
        text: `domain ${before.uuid} on qemu:///system isn't the one that this resource created: it ${why}; the domain is left unchanged, only the resource is removed from the state`,
      },
    ]);
  });

  test.each([
    ["kept", { onDelete: "keep" }],
    ["turned off at once", { shutdownTimeout: 0 }],
  ])("is left alone by destroy where it would be %s", async (_, setting) => {
    Object.assign(stack.recorded.outputs, setting);
    const before = structuredClone(host.only);
    await stack.destroy();
    expect([changes(), host.only]).toEqual([[], before]);
  });

  test.each([
    ["a live growth", { memory: "1259MiB" }],
    ["a replacement", { memory: "1300MiB" }],
    ["a shutdown", { running: false }],
  ])("is left alone by %s, which the preview refuses", async (_, change) => {
    const refused = await stack.preview({ ...args, ...change }).catch((error) => error);
    expect(refused.code).toBe("not-owned");
    expect(refused.message).toContain(why);
    await expect(stack.up({ ...args, ...change })).rejects.toThrow(why);
    expect(changes()).toEqual([]);
  });

  test.each([
    ["a setting", { shutdownTimeout: 5 }],
    ["vCPUs", { vcpus: 4 }],
    ["autostart", { autostart: true }],
    ["a live growth that was previewed before", { memory: "1259MiB" }],
  ])("is left alone by an update of %s", async (_, change) => {
    const { inputs } = stack.recorded;
    const update = stack.run.provider.update?.(stack.recorded.id, stack.recorded.outputs, {
      ...inputs,
      ...change,
    });
    await expect(update).rejects.toMatchObject({ code: "not-owned", message: expect.stringContaining(why) });
    expect(changes()).toEqual([]);
  });

  test("leaves the state unchanged in a refresh, which warns", async () => {
    const before = structuredClone(stack.recorded);
    await stack.refresh();
    expect(stack.recorded).toEqual(before);
    expect(stack.run.messages).toMatchObject([{ severity: "warning", text: expect.stringContaining(why) }]);
  });

  test("isn't what the resource moves to by another uri", async () => {
    stack.hosts["qemu:///session"] = host;
    await expect(stack.preview({ ...args, uri: "qemu:///session" })).rejects.toMatchObject({
      code: "uri-moved",
      message: expect.stringContaining(why),
    });
  });
});

describe("a resource that was renamed", () => {
  // An alias or `pulumi stack rename` leaves the old URN in the recorded outputs (measured with Pulumi 3.260).
  const renamed = () => {
    stack.urn = RENAMED;
  };

  test("is the same, without a call", async () => {
    renamed();
    expect(await stack.up(args)).toBe("same");
    expect(host.calls).toEqual([]);
  });

  test("is destroyed with its domain before any update", async () => {
    renamed();
    await stack.up(args);
    await stack.destroy();
    expect(host.domains.size).toBe(0);
  });

  test("is refreshed without a difference", async () => {
    renamed();
    const before = structuredClone(stack.recorded);
    await stack.refresh();
    expect(stack.recorded).toEqual(before);
    expect(stack.run.said).toEqual([]);
  });

  test.each([
    ["a setting", { shutdownTimeout: 5 }],
    ["a live growth", { memory: "1259MiB" }],
    ["a shutdown", { running: false }],
  ])("is renamed in the domain and the state by an update of %s, and then destroyed", async (_, change) => {
    renamed();
    expect(await stack.up({ ...args, ...change })).toBe("update");
    expect(owner()).toMatchObject(mark(RENAMED, { previousUrn: URN }));
    expect(stack.recorded.outputs.__urn).toBe(RENAMED);
    expect(await stack.up({ ...args, ...change })).toBe("same");
    await stack.destroy();
    expect(host.domains.size).toBe(0);
  });

  // A run for each of its calls: seconds of work on a busy machine.
  test("by an update that is killed at any call is still the domain's owner, for update and destroy", {
    timeout: 60_000,
  }, async () => {
    const grown = { ...args, memory: "1259MiB" };
    renamed();
    await stack.up(grown);
    const points = interruptions(host.calls);
    for (const next of ["update", "destroy"])
      for (const call of points) {
        ({ host, stack } = await created(args));
        host.calls.length = 0;
        renamed();
        const recorded = structuredClone(stack.state);
        host.death = { call, carriedOut: true };
        await stack.up(grown).catch(() => undefined);
        host.death = undefined;
        stack.state = recorded;
        if (next === "destroy") await stack.destroy();
        else await stack.up(grown);
        // A killed update may leave the probe of its definition, which the next update on the host removes.
        const left = [...host.domains.values()].filter(({ name }) => name === "web-1");
        expect(left, `${next} after call ${call}`).toHaveLength(next === "destroy" ? 0 : 1);
        if (next === "update") expect(owner()?.urn).toBe(RENAMED);
      }
  });

  test("loses the previous URN with the update after that", async () => {
    renamed();
    await stack.up({ ...args, memory: "1259MiB" });
    await stack.up({ ...args, memory: "1515MiB" });
    expect(owner()).toMatchObject(mark(RENAMED));
  });
});

test("a domain without metadata and with the recorded name is the resource's, and gets its metadata back", async () => {
  redefine(undefined);
  await stack.up({ ...args, memory: "1259MiB" });
  expect(owner()).toMatchObject(mark(URN));
  redefine(undefined);
  await stack.destroy();
  expect(host.domains.size).toBe(0);
});

test("a domain that was renamed by hand is still the resource's by its metadata", async () => {
  redefine(mark(URN), "shop");
  await stack.destroy();
  expect(host.domains.size).toBe(0);
});
