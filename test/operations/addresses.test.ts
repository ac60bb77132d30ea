import { beforeEach, describe, expect, test } from "vitest";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { CheckFailed, OneResource } from "../support/one-resource.ts";

const MAC = "52:54:00:00:00:01";
const OTHER = "52:54:00:00:00:02";
const lease = { mac: MAC, address: "192.168.122.7", prefix: 24 };
const card = { network: "default", mac: MAC };
const args = { memory: "1GiB", interfaces: [{ ...card, waitForAddress: 30 }] };
const reporting = {
  memory: "1GiB",
  reportAddresses: true,
  interfaces: [card, { bridge: "br0", mac: OTHER }],
};

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(() => {
  host = new FakeHypervisor();
  stack = new OneResource(host);
});

/** The guest gets its lease some seconds after its start. */
function leaseAfter(seconds: number, lease_ = lease): void {
  stack.clock.after(1000 * seconds, () => {
    host.addresses.lease = [lease_];
    host.leases = [{ ...lease_, end: 4000 }];
  });
}

function connectAgent(addresses: Record<string, [address: string, prefix: number][]>): void {
  const { uuid, live = "" } = host.only;
  host.change(uuid, {
    live: live.replace(/(name=.org\.qemu\.guest_agent\.0.)(?! state)/, "$1 state='connected'"),
  });
  host.agent = ({ execute }) => {
    if (execute !== "guest-network-get-interfaces") throw libvirtError(ErrorCode.INTERNAL, "not known");
    return Object.entries(addresses).map(([mac, own]) => ({
      name: "eth0",
      "hardware-address": mac,
      "ip-addresses": own.map(([address, prefix]) => ({ "ip-address": address, prefix })),
    }));
  };
}

const addresses = () => stack.recorded.outputs.addresses;
const calls = (name: string) => host.calls.filter((call) => call === name).length;

describe("a create", () => {
  test("waits for the address, which is an output", async () => {
    leaseAfter(5);
    await stack.up(args);
    expect(addresses()).toEqual([{ ...lease, family: "ipv4", source: "lease" }]);
    expect(stack.run.messages.map(({ text }) => text)).toContain(
      "waiting for an address of interfaces[0], up to 30 s (interfaces[0].waitForAddress)",
    );
    host.calls.length = 0;
    expect(await stack.up(args)).toBe("same");
    expect(host.calls).toEqual([]);
  });

  test("doesn't take the lease of an earlier start for an answer until it is renewed", async () => {
    host.addresses.lease = [lease];
    host.leases = [{ ...lease, end: 3000 }];
    stack.clock.after(7000, () => {
      host.leases = [{ ...lease, end: 3007 }];
    });
    await stack.up(args);
    expect(stack.clock.now()).toBeGreaterThanOrEqual(7000);
    expect(addresses()).toMatchObject([{ address: lease.address }]);
  });

  test("whose guest has no address in time fails, and the next up waits again", async () => {
    host.addresses.arp = libvirtError(ErrorCode.INTERNAL, "wrong nlmsg len");
    await expect(stack.up(args)).rejects.toThrow(
      `Domain web-1 runs, but interfaces[0] (${MAC}, network "default") has no address after 30 s (interfaces[0].waitForAddress) (the guest agent: QEMU guest agent is not connected; the leases of its network: no address; the ARP table of the host: wrong nlmsg len); the next update waits again`,
    );
    expect(host.only.power).toBe("running");
    expect(stack.recorded).toMatchObject({ isPartial: true, outputs: { addresses: [] } });
    leaseAfter(3);
    expect(await stack.up(args)).toBe("update");
    expect(addresses()).toMatchObject([{ address: lease.address }]);
    expect(await stack.up(args)).toBe("same");
    expect(calls("define")).toBe(1);
  });

  test("that waited in vain is over once a refresh finds the address", async () => {
    await expect(stack.up(args)).rejects.toThrow("has no address");
    host.addresses.lease = [lease];
    await stack.refresh();
    host.calls.length = 0;
    expect(await stack.up(args)).toBe("same");
    expect(host.calls).toEqual([]);
  });

  test("takes what the agent reports before the lease", async () => {
    leaseAfter(2, { ...lease, address: "192.168.122.9" });
    stack.clock.after(1000, () => connectAgent({ [MAC]: [["192.168.122.7", 24]] }));
    await stack.up(args);
    expect(addresses()).toMatchObject([{ address: "192.168.122.7", source: "agent" }]);
  });

  test("that is off waits for nothing", async () => {
    await stack.up({ ...args, running: false });
    expect(addresses()).toEqual([]);
    leaseAfter(5);
    await stack.up(args);
    expect(addresses()).toMatchObject([{ address: lease.address }]);
  });
});

test("a cancelled wait leaves a domain for which the next up waits", async () => {
  const controller = new AbortController();
  stack.signal = controller.signal;
  stack.clock.after(5000, () => controller.abort());
  await expect(stack.up(args)).rejects.toThrow("cancelled while waiting for an address");
  stack.signal = undefined;
  leaseAfter(2);
  await stack.up(args);
  expect(addresses()).toMatchObject([{ address: lease.address }]);
  expect(await stack.up(args)).toBe("same");
});

test("a create that was killed while it waited is continued, and waits", async () => {
  const { inputs } = await stack.preview(args);
  stack.clock.after(5000, () => {
    host.death = { call: host.calls.length + 1, carriedOut: false };
  });
  await expect(stack.run.provider.create(inputs)).rejects.toThrow();
  host.death = undefined;
  leaseAfter(2);
  await stack.up(args);
  expect(addresses()).toMatchObject([{ address: lease.address }]);
  expect(calls("start")).toBe(1);
  expect(await stack.up(args)).toBe("same");
});

describe("killed at any call, the next up converges", () => {
  /** A run that loses its connection at a call, and one that isn't disturbed. */
  async function interrupted(
    call: number,
    carriedOut: boolean,
    prepared: object | undefined,
    wanted: object,
  ) {
    host = new FakeHypervisor();
    stack = new OneResource(host);
    host.addresses.lease = [lease];
    if (prepared !== undefined) await stack.up({ ...prepared });
    host.calls.length = 0;
    host.death = { call, carriedOut };
    const isDisturbed = await stack.up({ ...wanted }).then(
      () => false,
      () => true,
    );
    host.death = undefined;
    await stack.up({ ...wanted });
    expect(addresses(), `call ${call}`).toMatchObject([{ address: lease.address }]);
    expect(await stack.up({ ...wanted }), `call ${call}`).toBe("same");
    return isDisturbed;
  }

  test.each<[string, object | undefined, object]>([
    ["a create", undefined, args],
    ["an update that asks for more", { memory: "1GiB", interfaces: [card] }, args],
    ["a start", { ...args, running: false }, args],
    ["a restart", args, { ...args, memory: "1300MiB", hotplug: { whenNotPossible: "restart" } }],
    ["a replace", args, { ...args, memory: "1300MiB" }],
  ])("of %s", async (_, prepared, wanted) => {
    for (const carriedOut of [false, true]) {
      let call = 1;
      while (await interrupted(call, carriedOut, prepared, wanted)) call++;
      expect(call).toBeGreaterThan(5);
    }
  });
});

describe("what is reported", () => {
  test("nothing, and nobody is asked, where the program asks for nothing", async () => {
    host.addresses.lease = [lease];
    await stack.up({ memory: "1GiB", interfaces: [card] });
    await stack.refresh();
    expect(addresses()).toBeUndefined();
    expect(calls("interfaceAddresses") + calls("agentCommand") + calls("networkLeases")).toBe(0);
  });

  test("only the cards that are waited for, or all of them", async () => {
    const two = [
      { ...card, waitForAddress: 30 },
      { bridge: "br0", mac: OTHER },
    ];
    leaseAfter(1);
    host.addresses.arp = [{ mac: OTHER, address: "10.0.0.9", prefix: 0 }];
    await stack.up({ memory: "1GiB", interfaces: two });
    expect(addresses()).toHaveLength(1);
    expect(await stack.up({ memory: "1GiB", interfaces: two, reportAddresses: true })).toBe("update");
    expect(stack.run.rows.at(0)).toBe("setting only: reportAddresses");
    expect(addresses()).toEqual([
      { ...lease, family: "ipv4", source: "lease" },
      { mac: OTHER, address: "10.0.0.9", family: "ipv4", source: "arp" },
    ]);
  });

  test("IPv4 first, and no address that reaches nobody, whatever the guest answers", async () => {
    await stack.up(reporting);
    connectAgent({
      "00:00:00:00:00:00": [["127.0.0.1", 8]],
      [MAC.toUpperCase()]: [
        ["fe80::1", 64],
        ["2001:db8::7", 64],
        ["169.254.3.4", 16],
        ["192.168.122.7", 24],
        ["192.168.122.7", 24],
        ["a$(reboot)", 24],
      ],
      "52:54:00:99:99:99": [["172.17.0.1", 16]],
    });
    await stack.refresh();
    expect(addresses()).toEqual([
      { mac: MAC, address: "192.168.122.7", prefix: 24, family: "ipv4", source: "agent" },
      { mac: MAC, address: "2001:db8::7", prefix: 64, family: "ipv6", source: "agent" },
    ]);
  });

  test("what it was, where nobody can be asked at the moment", async () => {
    leaseAfter(1);
    await stack.up(args);
    host.addresses.lease = libvirtError(ErrorCode.INTERNAL, "network is not active");
    await stack.refresh();
    expect(addresses()).toMatchObject([{ address: lease.address }]);
  });
});

test("an address that moved by itself is recorded by a refresh, and isn't a difference", async () => {
  leaseAfter(1);
  await stack.up(args);
  const { inputs } = stack.recorded;
  host.addresses.lease = [{ ...lease, address: "192.168.122.99" }];
  await stack.refresh();
  expect(addresses()).toMatchObject([{ address: "192.168.122.99" }]);
  expect(stack.recorded.inputs).toEqual(inputs);
  expect(stack.run.said).toEqual([]);
  host.calls.length = 0;
  expect(await stack.up(args)).toBe("same");
  expect(host.calls).toEqual([]);
});

describe("an update", () => {
  beforeEach(async () => {
    leaseAfter(1);
    await stack.up(args);
    host.addresses.lease = [{ ...lease, address: "192.168.122.99" }];
    host.calls.length = 0;
  });

  test.each([{ memory: "1280MiB" }, { shutdownTimeout: 5 }, { description: "a server" }])(
    "that changes neither the cards nor the power keeps them: %j",
    async (change) => {
      expect(await stack.up({ ...args, ...change })).toBe("update");
      expect(addresses()).toMatchObject([{ address: lease.address }]);
      expect(calls("interfaceAddresses")).toBe(0);
    },
  );

  test("that restarts the guest waits again, for a lease that is new", async () => {
    host.leases = [{ ...lease, address: "192.168.122.99", end: 4000 }];
    stack.clock.after(3000, () => {
      host.leases = [{ ...lease, address: "192.168.122.99", end: 4003 }];
    });
    const before = stack.clock.now();
    await stack.up({ ...args, memory: "1300MiB", hotplug: { whenNotPossible: "restart" } });
    expect(addresses()).toMatchObject([{ address: "192.168.122.99" }]);
    expect(stack.clock.now() - before).toBeGreaterThanOrEqual(2500);
  });

  test("that attaches a card waits for its address", async () => {
    const second = { bridge: "br0", mac: OTHER, waitForAddress: 20 };
    stack.clock.after(4000, () => {
      host.addresses.arp = [{ mac: OTHER, address: "10.0.0.9", prefix: 0 }];
    });
    await stack.up({ ...args, interfaces: [...args.interfaces, second] });
    expect(calls("attachDevice")).toBe(1);
    expect(addresses()).toMatchObject([{ mac: MAC }, { mac: OTHER, address: "10.0.0.9", source: "arp" }]);
  });

  test("that turns the domain off has none", async () => {
    await stack.up({ ...args, running: false });
    expect(addresses()).toEqual([]);
    await stack.refresh();
    expect(addresses()).toEqual([]);
  });

  test("of the wait alone is a setting", async () => {
    const other = { ...args, interfaces: [{ ...card, waitForAddress: 40 }] };
    expect(await stack.up(other)).toBe("update");
    expect(stack.run.rows).toEqual(["setting only: interfaces"]);
    expect(calls("define")).toBe(0);
    expect(await stack.up(other)).toBe("same");
    const without = { ...args, interfaces: [card] };
    expect(await stack.up(without)).toBe("update");
    expect(stack.run.rows).toEqual(["setting only: interfaces"]);
    expect(addresses()).toBeUndefined();
    expect(await stack.up(without)).toBe("same");
  });
});

describe("refused", () => {
  test.each([0, 3601, 1.5, "60", true])("a wait of %j", async (waitForAddress) => {
    const failed = stack.up({ ...args, interfaces: [{ ...card, waitForAddress }] });
    await expect(failed).rejects.toThrow(
      "interfaces[0].waitForAddress must be a whole number from 1 to 3600 seconds",
    );
  });

  test("a wait on the user-mode network without an agent, together with everything else", async () => {
    const interfaces = [card, { user: true, waitForAddress: 5 }];
    const failed = stack.up({ memory: "1GiB", agent: false, reportAddresses: "yes", interfaces });
    await expect(failed).rejects.toBeInstanceOf(CheckFailed);
    const all = stack.up({ memory: "1GiB", agent: false, interfaces });
    await expect(all).rejects.toThrow("interfaces[1].waitForAddress needs the guest agent");
  });
});
