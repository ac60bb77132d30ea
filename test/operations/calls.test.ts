import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource, Run, URN, wire } from "../support/one-resource.ts";
import { recordedCalls } from "../support/recorded-calls.ts";

const PAGE = "docs/decisions/0007-calls-to-libvirt.md";
const ARGS = { memory: "1003MiB", maxMemory: "8GiB", hotplug: { awaitGuest: false } };
const CREATED = async (stack: OneResource) => void (await stack.up(ARGS));
const CARD = { network: "default", mac: "52:54:00:00:00:01" };
const WAITING = { ...ARGS, interfaces: [{ ...CARD, waitForAddress: 30 }] };
const REPORTING = { ...ARGS, interfaces: [CARD], reportAddresses: true };
const GROWN = { ...ARGS, memory: "1259MiB" };

/** The image of a disk that the host has, with 10 GiB. */
const withDisk = (size: string) => ({ ...ARGS, disks: [{ file: "/images/data.qcow2", size }] });

/** A disk whose image the host doesn't have. */
const NEW = { name: "new", file: "/images/new.qcow2", size: "1GiB", onDelete: "delete" };
const WITH_NEW = { ...ARGS, forceOff: true, disks: [NEW] };

/** Each operation: what was there, and what is done. `preview`: an up, whose calls begin with those of its preview. */
const OPERATIONS: Record<string, { before?: typeof CREATED; args?: object; run?: "refresh" | "destroy" }> = {
  Create: { args: ARGS },
  Unchanged: { before: CREATED, args: ARGS },
  Setting: { before: CREATED, args: { ...ARGS, shutdownTimeout: 7 } },
  Grow: { before: CREATED, args: GROWN },
  "More vCPUs": { before: CREATED, args: { ...ARGS, vcpus: 2 } },
  Shrink: {
    before: async (stack) => {
      await stack.up(ARGS);
      await stack.up(GROWN);
    },
    args: { ...ARGS, hotplug: { awaitGuest: false, allowUnplug: true } },
  },
  "Grow a disk": {
    before: async (stack) => void (await stack.up(withDisk("10GiB"))),
    args: withDisk("20GiB"),
  },
  "Attach a disk and an interface": {
    before: CREATED,
    args: { ...ARGS, disks: [{ name: "data", file: "/images/data.qcow2" }], interfaces: [CARD] },
  },
  "Remove a disk and its image": {
    before: async (stack) => void (await stack.up(WITH_NEW)),
    args: { ...WITH_NEW, disks: [] },
  },
  "Next boot": {
    before: CREATED,
    args: { ...ARGS, memory: "1300MiB", hotplug: { awaitGuest: false, whenNotPossible: "nextBoot" } },
  },
  Restart: {
    before: CREATED,
    args: { ...ARGS, memory: "1300MiB", hotplug: { awaitGuest: false, whenNotPossible: "restart" } },
  },
  Replace: { before: CREATED, args: { ...ARGS, memory: "1300MiB" } },
  Refresh: { before: CREATED, run: "refresh" },
  Destroy: { before: CREATED, run: "destroy" },
  "Create with an image": { args: WITH_NEW },
  "Refresh with a size": { before: async (stack) => void (await stack.up(WITH_NEW)), run: "refresh" },
  "Create with an address": { args: WAITING },
  "Refresh with addresses": {
    before: async (stack) => void (await stack.up(REPORTING)),
    run: "refresh",
  },
};

/** By operation: the calls of the tables, those of a preview first. */
const DOCUMENTED = new Map(
  readFileSync(join(import.meta.dirname, "../..", PAGE), "utf8")
    .split(/^## /m)
    .slice(1)
    .map((section): [string, { preview: string[]; work: string[] }] => {
      const [name = ""] = section.split("\n");
      const tables = section.split(/^\| (?=preview|then|call)/m).slice(1);
      const of = (...kinds: string[]) =>
        tables.filter((table) => kinds.some((kind) => table.startsWith(kind)));
      const calls = (some: string[]) =>
        some.flatMap((table) => [...table.matchAll(/^\| `(.+?)` \| .+ \|$/gm)].map(([, call = ""]) => call));
      return [name, { preview: calls(of("preview")), work: calls(of("then", "call")) }];
    }),
);

test(`${PAGE} has every operation, and how many calls each makes`, () => {
  expect([...DOCUMENTED.keys()]).toEqual(Object.keys(OPERATIONS));
  const page = readFileSync(join(import.meta.dirname, "../..", PAGE), "utf8");
  for (const [name, { preview, work }] of DOCUMENTED)
    expect(page).toMatch(
      new RegExp(`^\\| \\[${name}\\]\\(.*\\) \\| ${preview.length} \\| ${work.length} \\|$`, "m"),
    );
});

test.each(Object.entries(OPERATIONS))(
  "%s makes the calls of its table, in that order",
  async (name, operation) => {
    expect(await callsOf(operation)).toEqual(DOCUMENTED.get(name));
  },
);

test("what a host has is asked once in a run, however many domains are created", async () => {
  const { host, calls } = recordedCalls(new FakeHypervisor());
  const run = new Run({ "qemu:///system": host });
  const names = ["web-1", "web-2", "web-3"];
  await Promise.all(
    names.map((name) =>
      run.provider.check?.({}, wire({ ...ARGS, name, __urn: URN.replace("web-1", name), __provider: "…" })),
    ),
  );
  const count = (call: string) => calls.filter((made) => made === call).length;
  expect(["findByName", "capabilities", "domainCapabilities", "list"].map(count)).toEqual([3, 1, 1, 1]);
});

async function callsOf({ before, args, run }: (typeof OPERATIONS)[string]) {
  const fake = new FakeHypervisor();
  fake.placesDimms = true;
  fake.guestGivesUp.add("ua-pulumi-dimm0");
  fake.missing.add(`file ${NEW.file}`);
  fake.addresses.lease = [{ mac: CARD.mac, address: "192.168.122.7", prefix: 24 }];
  const { host, calls } = recordedCalls(fake);
  const stack = new OneResource(host);
  await before?.(stack);
  const during = async (work: () => Promise<unknown>) => {
    calls.length = 0;
    await work();
    return [...calls];
  };
  if (args === undefined) return { preview: [], work: await during(() => stack[run ?? "refresh"]()) };
  const preview = await during(() => stack.preview({ ...args }));
  const all = await during(() => stack.up({ ...args }));
  expect(all.slice(0, preview.length)).toEqual(preview);
  return { preview, work: all.slice(preview.length) };
}
