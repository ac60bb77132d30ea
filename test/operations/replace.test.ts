import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { created, type OneResource } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2, autostart: true };
const smaller = { ...args, memory: "900MiB" };

let host: FakeHypervisor;
let stack: OneResource;
let before: { live: string | undefined; inactive: string | undefined };

beforeEach(async () => {
  ({ host, stack } = await created(args));
  before = { live: host.only.live, inactive: host.only.inactive };
  host.calls.length = 0;
});

const failing = (message: string) => libvirtError(ErrorCode.INTERNAL, message);

/** A host on which a domain with less memory than the old one can't start. */
function refuseNewStart(): void {
  const start = host.start.bind(host);
  host.start = (domain) =>
    readDomain(host.domains.get(domain.uuid)?.inactive ?? "").memory < 1003 * 1024
      ? host.failed("start", failing("can't start this"))
      : start(domain);
}

describe("a replace", () => {
  test("removes the old domain only once its definition is kept, and leaves nothing", async () => {
    expect(await stack.up(smaller)).toBe("replace");
    const changes = host.calls.filter((call) =>
      /^(define|undefine|start|shutdown|destroy|setMetadata)$/.test(call),
    );
    expect(changes).toEqual([
      // A probe, the mark on the old domain, and its end.
      ...["define", "undefine", "setMetadata", "shutdown"],
      // Another probe, the kept definition, the old domain, the new one.
      ...["define", "undefine", "define", "undefine", "define", "start", "undefine", "setMetadata"],
    ]);
    expect(readDomain(host.only.inactive ?? "")).toMatchObject({ memory: 900 * 1024 });
    expect(readDomain(host.only.inactive ?? "").replacing).toBeUndefined();
    expect(await stack.up(smaller)).toBe("same");
  });

  test("that can't start puts the old domain back, and the next preview replaces again", async () => {
    refuseNewStart();
    const error = await stack.up(smaller).catch((error: Error) => error);
    expect(error).toMatchObject({
      message: "Unable to replace domain web-1: can't start this\nthe old domain was put back and started",
    });
    expect(host.only).toMatchObject({ power: "running", autostart: true });
    expect(readDomain(host.only.live ?? "")).toMatchObject({
      ...readDomain(before.live ?? ""),
      replacing: { was: "running" },
    });
    expect(stack.recorded).toMatchObject({
      isPartial: true,
      outputs: { memory: "1003MiB", state: "running" },
    });
    expect((await stack.preview(smaller)).kind).toBe("replace");

    // With the old program there is nothing to do but to take the mark away.
    await stack.up(args);
    expect(host.only.power).toBe("running");
    expect(host.only.inactive).toBe(before.inactive);
    expect(await stack.up(args)).toBe("same");
  });

  test("that can't be defined leaves the old domain running", async () => {
    host.refusesDefine = (xml) =>
      xml.includes(`<memory unit='KiB'>${900 * 1024}`) ? failing("can't define this") : undefined;
    await expect(stack.up(smaller)).rejects.toThrow("libvirt refuses the definition: can't define this");
    expect(host.only).toMatchObject({ power: "running", ...before });
    expect(host.calls).not.toContain("shutdown");
  });

  test("of a domain that was off puts it back off", async () => {
    await stack.up({ ...args, running: false });
    host.start = () => host.failed("start", failing("can't start this"));
    await expect(stack.up({ ...args, arch: "aarch64" })).rejects.toThrow(
      "the old domain was put back, and is off as before",
    );
    expect(host.only).toMatchObject({
      power: "shutoff",
      inactive: expect.stringContaining(`${1003 * 1024}`),
    });
  });

  test("a domain that can't be started any more either keeps its definition", async () => {
    const start = host.start.bind(host);
    host.start = () => host.failed("start", failing("no kernel"));
    await expect(stack.up(smaller)).rejects.toThrow(
      "Unable to replace domain web-1: no kernel\nthe old domain was put back, but can't be started: no kernel",
    );
    host.start = start;
    expect(host.only.power).toBe("shutoff");
    expect(readDomain(host.only.inactive ?? "").memory).toBe(1003 * 1024);
    // Off as it is now, it needs no replace for another size.
    expect(await stack.up(smaller)).toBe("update");
    expect(host.only.power).toBe("running");
    expect(readDomain(host.only.inactive ?? "").replacing).toBeUndefined();
  });

  test("to a new name and architecture goes back to the old ones", async () => {
    const other = { ...args, name: "front", arch: "aarch64" };
    const start = host.start.bind(host);
    host.start = (domain) =>
      domain.name === "front" ? host.failed("start", failing("can't start this")) : start(domain);
    await expect(stack.up(other)).rejects.toThrow("the old domain was put back and started");
    expect(host.only).toMatchObject({ name: "web-1", power: "running" });
    expect((await stack.preview(other)).replaces).toEqual(["name", "arch"]);
    host.start = start;
    await stack.up(other);
    expect(host.only).toMatchObject({ name: "front", power: "running" });
  });

  test("of a domain with NVRAM starts the new one for a moment before the NVRAM is deleted", async () => {
    const withNvram = (xml = "") =>
      xml.replace("</os>", "<nvram>/var/lib/libvirt/qemu/nvram/web-1_VARS.fd</nvram></os>");
    const { uuid, inactive } = host.only;
    host.change(uuid, { inactive: withNvram(inactive) });
    host.refusesTransient = () => failing("can't start this");
    host.calls.length = 0;
    await expect(stack.up(smaller)).rejects.toThrow(
      "can't start this\nthe old domain was put back and started",
    );
    expect(host.only).toMatchObject({ power: "running", inactive: expect.stringContaining("web-1_VARS.fd") });
    // Only probes, which name no file of the domain's.
    expect(host.undefined.map(({ uuid }) => uuid)).not.toContain(uuid);

    host.refusesTransient = undefined;
    expect(await stack.up(smaller)).toBe("replace");
    expect(readDomain(host.only.inactive ?? "").memory).toBe(900 * 1024);
  });
});

describe("a delete in the run of an update", () => {
  test("is refused where the host would refuse the new domain", async () => {
    host.missing.add("file /kernel");
    await expect(stack.up({ ...smaller, boot: { kernel: "/kernel" } })).rejects.toMatchObject({
      code: "missing-on-host",
      message: expect.stringContaining('"/kernel" doesn\'t exist on qemu:///fake'),
    });
    expect(host.only).toMatchObject({ power: "running", ...before });
  });

  test("of a removed resource deletes the domain and what an interrupted replace kept of it", async () => {
    host.death = { call: 1e9, carriedOut: true };
    const undefine = host.undefine.bind(host);
    host.undefine = async (domain, options) => {
      await undefine(domain, options);
      // The old domain is undefined, and its definition is kept.
      if (options?.keepsFiles !== true) host.death = { call: host.calls.length, carriedOut: true };
    };
    await expect(stack.up(smaller)).rejects.toThrow("the next update continues the replace");
    host.death = undefined;
    expect([...host.domains.values()].map(({ name }) => name)).toEqual([
      `pulumi-libvirt-hotplug-kept-${stack.recorded.id}`,
    ]);
    await stack.destroy();
    expect(host.domains.size).toBe(0);
  });
});
