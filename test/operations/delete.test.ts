import { beforeEach, describe, expect, test } from "vitest";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB" };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(() => {
  host = new FakeHypervisor();
  stack = new OneResource(host);
});

/** The calls that change something. */
const changes = () => host.calls.filter((call) => /^(shutdown|destroy|undefine)$/.test(call));

async function destroyed(change: object, meanwhile = () => {}): Promise<string[]> {
  await stack.up({ ...args, ...change });
  host.calls.length = 0;
  meanwhile();
  await stack.destroy();
  expect([host.domains.size, host.subscriptions]).toEqual([0, 0]);
  return changes();
}

describe("delete", () => {
  test("shuts the domain down and undefines it", async () => {
    expect(await destroyed({})).toEqual(["shutdown", "undefine"]);
    expect(stack.run.messages.map(({ text }) => text)).toEqual([
      "shutting the guest down (up to 60 s)",
      "shut the guest down",
    ]);
  });

  test("forces a guest off that doesn't react, with a warning", async () => {
    host.guestObeysShutdown = false;
    expect(await destroyed({ shutdownTimeout: 5 })).toEqual(["shutdown", "destroy", "undefine"]);
    expect(stack.run.messages).toMatchObject([
      { severity: "status", text: "shutting the guest down (up to 5 s)" },
      {
        severity: "warning",
        text: "the guest did not shut down within 5 s (shutdownTimeout), so it was forced off",
      },
    ]);
  });

  test("forces it off at once with shutdownTimeout 0", async () => {
    expect(await destroyed({ shutdownTimeout: 0 })).toEqual(["destroy", "undefine"]);
    expect(stack.run.messages).toEqual([]);
  });

  test("notices a domain that powers off without an event", async () => {
    const shutdown = host.shutdown.bind(host);
    host.shutdown = async (domain) => {
      host.guestObeysShutdown = false;
      await shutdown(domain);
      stack.clock.after(1_000, () => host.change(domain.uuid, { power: "shutoff" }));
    };
    const undefine = host.undefine.bind(host);
    host.undefine = (domain) => {
      host.turnOff(domain.uuid);
      return undefine(domain);
    };
    expect(await destroyed({})).toEqual(["shutdown", "undefine"]);
  });

  test("resumes or wakes a guest that ignores the request otherwise", async () => {
    const suspend = () => host.change(host.only.uuid, { power: "paused", reason: 1 });
    expect(await destroyed({}, suspend)).toEqual(["shutdown", "undefine"]);
    expect(host.calls).toContain("resume");
    const sleep = () => host.change(host.only.uuid, { power: "pmsuspended" });
    expect(await destroyed({}, sleep)).toEqual(["shutdown", "undefine"]);
    expect(host.calls).toContain("wake");
  });

  test("forces off a guest that can't run at once, and says why", async () => {
    const halt = () => host.change(host.only.uuid, { power: "paused", reason: 5 });
    expect(await destroyed({}, halt)).toEqual(["destroy", "undefine"]);
    expect(stack.run.said).toEqual([
      "the domain is paused (I/O error), so its guest can't shut down and was forced off",
    ]);
  });

  test("undefines a domain that is off", async () => {
    expect(await destroyed({ running: false })).toEqual(["undefine"]);
  });

  test("turns a transient domain off", async () => {
    const uuid = () => host.only.uuid;
    expect(
      await destroyed({}, () => {
        const { inactive: _, ...rest } = host.only;
        host.domains.set(uuid(), rest);
      }),
    ).toEqual(["shutdown"]);
  });

  test("succeeds if the domain doesn't exist", async () => {
    expect(await destroyed({}, () => host.domains.clear())).toEqual([]);
  });

  test("without a route to the host is an error, and the resource stays", async () => {
    await stack.up(args);
    stack.hosts = { "qemu:///system": new ConnectionError("nobody answers") };
    await expect(stack.destroy()).rejects.toThrow("nobody answers");
    expect(stack.state).toBeDefined();
  });

  test("that is killed at any call is finished by the next one", async () => {
    await stack.up(args);
    await stack.destroy();
    const total = host.calls.length;
    for (let call = 1; call < total; call++) {
      host = new FakeHypervisor();
      stack = new OneResource(host);
      await stack.up(args);
      host.death = { call: host.calls.length + call, carriedOut: true };
      await stack.destroy().catch(() => undefined);
      host.death = undefined;
      if (stack.state !== undefined) await stack.destroy();
      expect(host.domains.size).toBe(0);
    }
  });
});
