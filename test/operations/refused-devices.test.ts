import { beforeEach, expect, test } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";
import { ARGS, addOther, CLAIMS, changes, hostWithImages, other } from "../support/other-domain.ts";

let host: FakeHypervisor;
let stack: OneResource;
beforeEach(() => {
  host = hostWithImages();
  stack = new OneResource(host);
});

/** What the host refuses of a device, and what it says then. */
const REFUSED: [string, (host: FakeHypervisor) => void, object, RegExp][] = [
  [
    "a MAC in use",
    (fake) => addOther(fake, { inactive: other(CLAIMS["a MAC"].xml) }),
    CLAIMS["a MAC"].args,
    CLAIMS["a MAC"].refusal,
  ],
  [
    "an unknown network",
    (fake) => fake.missing.add("network lan"),
    { interfaces: [{ network: "lan" }] },
    /interfaces\[0\]\.network: network "lan" doesn't exist/,
  ],
  [
    "a network that isn't active",
    (fake) => fake.inactiveNetworks.add("lan"),
    { interfaces: [{ user: true }, { network: "lan" }] },
    /interfaces\[1\]\.network: network "lan" isn't active on .*; start it: virsh net-start lan/,
  ],
  [
    "an unknown bridge",
    (fake) => {
      fake.missing.add("interface br9");
      fake.nodeDevices = async () => ["net_lo_00_00_00_00_00_00"];
    },
    { interfaces: [{ bridge: "br9" }] },
    /interfaces\[0\]\.bridge: bridge "br9" doesn't exist/,
  ],
  [
    "an unknown pool",
    (fake) => fake.missing.add("pool q"),
    { disks: [{ pool: "q", volume: "v" }] },
    /disks\[0\]\.pool: storage pool "q" doesn't exist/,
  ],
  [
    "an image of another format",
    (fake) => fake.pools.get("p")?.seen.add("/pools/p/a"),
    { disks: [{ file: "/pools/p/a", format: "raw" }] },
    /disks\[0\]\.format is "raw", but \/pools\/p\/a is qcow2/,
  ],
  [
    "an image that is larger than its size",
    (fake) => fake.pools.get("p")?.seen.add("/pools/p/a"),
    { disks: [{ file: "/pools/p/a", size: "1GiB" }] },
    /disks\[0\]\.size is 1 GiB, but \/pools\/p\/a has 10 GiB/,
  ],
];

test.each(REFUSED)(
  "%s is refused by the update of a domain, with or without a definition, before its memory grows",
  async (_, refuse, args, message) => {
    for (const isTransient of [false, true]) {
      const fake = new FakeHypervisor();
      fake.addImage("/pools/p/a");
      fake.addPool("p", "/pools/p");
      const one = new OneResource(fake);
      await one.up(ARGS);
      if (isTransient) await fake.undefine(fake.refTo(String(one.recorded.id)));
      refuse(fake);
      fake.calls.length = 0;
      const program = { ...ARGS, ...args, memory: "1259MiB" };
      await expect(one.preview(program)).rejects.toThrow(message);
      await expect(one.up(program)).rejects.toThrow(message);
      expect(changes(fake)).toEqual([]);
    }
  },
);

test.each(REFUSED.slice(1, 5))(
  "%s is a warning in the preview of a new domain, and refused by its create",
  async (_, refuse, args, message) => {
    refuse(host);
    expect((await stack.preview({ ...ARGS, ...args })).kind).toBe("create");
    expect(stack.run.rows).toContainEqual(expect.stringMatching(message));
    await expect(stack.up({ ...ARGS, ...args })).rejects.toThrow(message);
    expect(changes(host)).toEqual([]);
  },
);

test.each(REFUSED.slice(5))(
  "%s is refused by the preview of a new domain",
  async (_, refuse, args, message) => {
    refuse(host);
    await expect(stack.preview({ ...ARGS, ...args })).rejects.toThrow(message);
    await expect(stack.up({ ...ARGS, ...args })).rejects.toThrow(message);
    expect(changes(host)).toEqual([]);
  },
);

test("an image in the folder of a pool that hasn't seen it is a warning in the preview, and refused where it isn't there", async () => {
  host.missing.add("file /pools/p/new");
  const program = { ...ARGS, disks: [{ file: "/pools/p/new" }] };
  await stack.preview(program);
  expect(stack.run.rows).toContainEqual(
    expect.stringMatching(/disks\[0\]\.file: libvirt .* doesn't know \/pools\/p\/new/),
  );
  await expect(stack.up(program)).rejects.toThrow(/disks\[0\]\.file: \/pools\/p\/new doesn't exist/);
  expect(changes(host)).toEqual([]);
});
