import { describe, expect, test } from "vitest";
import type { Inputs } from "../../provider/args/inputs.ts";
import { check } from "../../provider/operations/check.ts";
import { create } from "../../provider/operations/create.ts";
import { deleteDomain } from "../../provider/operations/delete.ts";
import { diff } from "../../provider/operations/diff.ts";
import { update } from "../../provider/operations/update.ts";
import type { Outputs } from "../../provider/outputs.ts";
import { Session } from "../../provider/session.ts";
import { hidden } from "../support/arbitrary-inputs.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { wire } from "../support/one-resource.ts";
import { SimulatedLinux } from "../support/simulated-linux.ts";

type Properties = Record<string, unknown>;

/** A running domain of 1 GiB, and operations on it with a time limit. */
class Limited {
  readonly host = new FakeHypervisor();
  readonly clock = new FakeClock();
  readonly said: string[] = [];
  state = {} as Outputs;
  inputs: Properties = {};

  static async running(args: Properties): Promise<Limited> {
    const one = new Limited();
    one.host.placesDimms = true;
    const session = one.session();
    const news = await one.checked(session, args);
    one.state = wire((await create(session, news)).outs) as unknown as Outputs;
    one.inputs = wire(news);
    return one;
  }

  /** What the update ends with, and after which time. */
  async update(args: Properties, seconds: number): Promise<{ error: string; ms: number }> {
    const session = this.session();
    const news = await this.checked(session, { ...args });
    await diff(session, news.uuid, this.state, news);
    return this.timed(() => update(session.limitedTo(seconds), news.uuid, this.state, news));
  }

  /** An update without a time limit. */
  async succeed(args: Properties): Promise<void> {
    const session = this.session();
    const news = await this.checked(session, { ...args });
    await diff(session, news.uuid, this.state, news);
    this.state = wire((await update(session, news.uuid, this.state, news)).outs) as unknown as Outputs;
    this.inputs = wire(news);
  }

  delete(seconds: number): Promise<{ error: string; ms: number }> {
    return this.timed(() => deleteDomain(this.session().limitedTo(seconds), this.state.uuid, this.state));
  }

  private async timed(work: () => Promise<unknown>) {
    const began = this.clock.now();
    const error = await work().then(
      () => "",
      (error: Error) => error.message,
    );
    return { error, ms: this.clock.now() - began };
  }

  private async checked(session: Session, args: Properties): Promise<Inputs> {
    const { inputs, failures } = await check(session, wire(this.inputs), { ...hidden, ...args });
    expect(failures).toEqual([]);
    return wire(inputs) as unknown as Inputs;
  }

  private session(): Session {
    return new Session({
      connect: async () => this.host,
      log: { message: async (_, __, text) => void this.said.push(text), status: async () => {} },
      environment: {},
      clock: this.clock,
    });
  }
}

const args = { memory: "1GiB", maxMemory: "8GiB" };
const grown = { ...args, memory: "1280MiB" };

describe("customTimeouts bound each wait", () => {
  test("for the guest's memory", async () => {
    const domain = await Limited.running(args);
    new SimulatedLinux(domain.host, domain.clock).onlinesItself = false;
    const online = { ...grown, hotplug: { online: "guest" } };
    const { error, ms } = await domain.update(online, 5);
    expect(error).toContain("after 5 s (customTimeouts) the guest has");
    expect(ms).toBeLessThanOrEqual(5_100);
    expect(domain.host.calls).toContain("attachDevice");
  });

  test("for a virtio-mem device", async () => {
    const device = { hotplug: { device: "virtio-mem" } };
    const domain = await Limited.running({ ...args, ...device });
    domain.host.virtioMem.most = 0;
    const { error, ms } = await domain.update({ ...grown, ...device }, 5);
    expect(error).toContain("after 5 s (customTimeouts) virtio-mem on node 0 is at");
    expect(ms).toBeLessThanOrEqual(5_100);
  });

  test("for a balloon", async () => {
    const domain = await Limited.running(args);
    domain.host.guestObeysBalloon = false;
    const { error, ms } = await domain.update({ ...args, currentMemory: "512MiB" }, 5);
    expect(error).toContain("after 5 s (customTimeouts)");
    expect(ms).toBeLessThanOrEqual(5_100);
  });

  test("for the addresses of the guest", async () => {
    const card = { network: "default", mac: "52:54:00:00:00:01" };
    const domain = await Limited.running({ ...args, interfaces: [card] });
    const waiting = { ...args, interfaces: [{ ...card, waitForAddress: 60 }] };
    const { error, ms } = await domain.update(waiting, 5);
    expect(error).toContain("has no address after 5 s (customTimeouts)");
    expect(ms).toBeLessThanOrEqual(5_100);
  });

  test("for a DIMM that the guest is to release", async () => {
    const unplug = { hotplug: { allowUnplug: true } };
    const domain = await Limited.running({ ...args, ...unplug });
    await domain.succeed({ ...grown, ...unplug });
    const { error, ms } = await domain.update({ ...args, ...unplug }, 5);
    expect(error).toContain("no answer from the guest within 5 s (customTimeouts)");
    expect(ms).toBeLessThanOrEqual(5_100);
  });

  test("for a guest that is to shut down: in an update", async () => {
    const domain = await Limited.running(args);
    domain.host.guestObeysShutdown = false;
    const { error, ms } = await domain.update({ ...args, running: false }, 5);
    expect(error).toContain("the guest did not shut down within 5 s (customTimeouts) and is still running");
    expect(ms).toBeLessThanOrEqual(5_100);
  });

  test("for a guest that is to shut down: in a delete", async () => {
    const domain = await Limited.running(args);
    domain.host.guestObeysShutdown = false;
    expect(await domain.delete(5)).toEqual({ error: "", ms: 5_000 });
    expect(domain.said).toEqual([
      "the guest did not shut down within 5 s (customTimeouts), so it was forced off",
    ]);
  });

  test("unless the wait is shorter, or none is set", async () => {
    for (const [seconds, ms] of [
      [90, 60_000],
      [0, 60_000],
    ] as const) {
      const domain = await Limited.running(args);
      domain.host.guestObeysShutdown = false;
      expect(await domain.delete(seconds)).toEqual({ error: "", ms });
      expect(domain.said[0]).toContain("within 60 s (shutdownTimeout)");
    }
  });
});
