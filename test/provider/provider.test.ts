import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { hostClock } from "../../provider/deadline.ts";
import { createProvider } from "../../provider/provider.ts";
import { type Dependencies, Session } from "../../provider/session.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { URN } from "../support/one-resource.ts";

const silent = { message: async () => {}, status: async () => {} };

function surroundings(more: Partial<Dependencies> = {}): Dependencies {
  return {
    connect: async () => new FakeHypervisor(),
    log: silent,
    environment: {},
    clock: hostClock,
    ...more,
  };
}

/** Pulumi's own Config reads by full key; nothing else of it is used. */
const config = (values: Record<string, string>) => ({
  config: { get: (key: string) => values[key] } as never,
});

describe("calls that come before configure has ended", () => {
  const news = { __urn: URN, __provider: "…", memory: "1GiB" };

  test("wait for it", async () => {
    const uris: string[] = [];
    const connect = async (uri: string) => {
      uris.push(uri);
      return new FakeHypervisor();
    };
    const { check, create, configure } = createProvider(surroundings({ connect }));
    const calls = [
      check?.({}, news),
      create({ ...news, name: "a", uuid: "u", maxMemory: "2048MiB", memorySlots: 1, memory: "1024MiB" }),
    ];
    expect(await Promise.race([...calls, new Promise((resolve) => setImmediate(resolve, "waiting"))])).toBe(
      "waiting",
    );
    await configure?.(config({ "libvirt:uri": "qemu+ssh://host/system" }));
    await Promise.all(calls);
    expect(uris).toEqual(["qemu+ssh://host/system"]);
  });

  test("fail as configure does", async () => {
    const { check, configure, read } = createProvider(surroundings());
    const calls = [check?.({}, news), read?.("id", {})];
    const error = 'libvirt-hotplug:domainType: "xen" must be one of "kvm", "qemu"';
    await expect(configure?.(config({ "libvirt-hotplug:domainType": "xen" }))).rejects.toThrow(error);
    for (const call of calls) await expect(call).rejects.toThrow(error);
  });
});

describe("where a domain goes", () => {
  test.each([
    ["what the argument says", "qemu:///a", "qemu:///b", "qemu:///c", "qemu:///a"],
    ["else the stack's configuration", undefined, "qemu:///b", "qemu:///c", "qemu:///b"],
    ["else libvirt's environment variable", undefined, undefined, "qemu:///c", "qemu:///c"],
    ["which doesn't count when empty", undefined, undefined, "", "qemu:///system"],
    ["else libvirt's default", undefined, undefined, undefined, "qemu:///system"],
  ])("%s", (_, argument, uri, LIBVIRT_DEFAULT_URI, expected) => {
    const session = new Session(surroundings({ environment: { LIBVIRT_DEFAULT_URI } }));
    session.configuration = { defaults: DEFAULTS, ...(uri !== undefined && { uri }) };
    expect(session.resolveUri(argument)).toBe(expected);
  });
});

describe("connections", () => {
  test("are shared by all domains of a URI, and made anew after a failure", async () => {
    const made: string[] = [];
    let isUp = false;
    const connect = async (uri: string) => {
      made.push(uri);
      if (!isUp) throw new Error("nobody answers");
      return new FakeHypervisor();
    };
    const session = new Session(surroundings({ connect }));
    await expect(session.hypervisor("a")).rejects.toThrow("nobody answers");
    isUp = true;
    const [one, two] = await Promise.all([session.hypervisor("a"), session.hypervisor("a")]);
    expect(one).toBe(two);
    expect(await session.hypervisor("b")).not.toBe(one);
    expect(made).toEqual(["a", "a", "b"]);
  });
});
