import { test as property } from "@fast-check/vitest";
import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { OneResource } from "../support/one-resource.ts";

const MEMORY = { memory: "1003MiB", maxMemory: "8GiB", shutdownTimeout: 0 };
const FILE = "/images/data.qcow2";
const root = { name: "root", file: "/images/root.qcow2" };
const data = { name: "data", file: FILE, size: "1GiB", onDelete: "delete" };
const withDisks = (...disks: object[]) => ({ ...MEMORY, disks });

let host: FakeHypervisor;
let stack: OneResource;
beforeEach(() => {
  host = new FakeHypervisor();
  host.addImage(root.file);
  host.missing.add(`file ${FILE}`);
  stack = new OneResource(host);
});
const exists = (file = FILE) => host.images.has(file);

describe("a disk that the program no longer has, with onDelete: delete", () => {
  test("takes the image along that was made for it, as the preview announces, after it was detached and left the definition", async () => {
    await stack.up(withDisks(root, data));
    expect(exists()).toBe(true);
    await stack.preview(withDisks(root));
    expect(stack.run.rows).toContain(`live: detach disk "data" (${FILE}); deletes ${FILE}`);
    const [message] = stack.run.said;
    expect(message).toContain(`\n${FILE} is deleted with all data on it (onDelete: "delete")\n`);
    expect(message).toMatch(/\n3\. delete the image \/images\/data\.qcow2$/);
    host.calls.length = 0;
    await stack.up(withDisks(root));
    expect(exists()).toBe(false);
    const last = (call: string) => host.calls.lastIndexOf(call);
    expect(last("detachDevice")).toBeLessThan(last("define"));
    expect(last("define")).toBeLessThan(last("deleteVolume"));
    expect(exists(root.file)).toBe(true);
    expect([...host.pools.keys()]).toEqual([]);
    expect(stack.recorded.outputs).not.toHaveProperty("__made");
    expect(await stack.up(withDisks(root))).toBe("same");
  });

  test("names the deletion in the headline although the path is long", async () => {
    const file = "/var/lib/libvirt/images/desktop-1-data.qcow2";
    host.missing.add(`file ${file}`);
    await stack.up(withDisks(root, { ...data, file }));
    await stack.preview(withDisks(root));
    expect(stack.run.said).toEqual([
      [
        `live: detach disk "data" (${file}); deletes 1 image`,
        `${file} is deleted with all data on it (onDelete: "delete")`,
        `1. detach disk "data" (${file})`,
        "2. change disks in the definition",
        `3. delete the image ${file}`,
      ].join("\n"),
    ]);
  });

  test("takes it along as well where the preview couldn't reach the host", async () => {
    await stack.up(withDisks(root, data));
    const { hosts } = stack;
    stack.hosts = { "qemu:///system": new Error("nobody answers") };
    const inputs = await stack.preview(withDisks(root)).then(({ inputs }) => inputs);
    expect(stack.run.said.join("\n")).toContain(`; deletes ${FILE}`);
    stack.hosts = hosts;
    await stack.preview(withDisks(root));
    await stack.update(inputs);
    expect(exists()).toBe(false);
  });

  test("may get a file of that name by somebody else later, which is theirs", async () => {
    await stack.up(withDisks(root, data));
    await stack.up(withDisks(root));
    host.addImage(FILE, { capacity: 2 ** 30 });
    await stack.up(withDisks(root, data));
    await stack.up(withDisks(root));
    await stack.destroy();
    expect(exists()).toBe(true);
  });

  test.each<[string, object, (host: FakeHypervisor) => void]>([
    ["was there before", data, (host) => host.addImage(FILE, { capacity: 2 ** 30 })],
    ["is to be kept", { ...data, onDelete: "keep" }, () => undefined],
    ["is to be kept by default", { ...data, onDelete: undefined }, () => undefined],
  ])("leaves an image that %s", async (_, disk, prepare) => {
    prepare(host);
    await stack.up(withDisks(root, JSON.parse(JSON.stringify(disk))));
    await stack.preview(withDisks(root));
    expect(stack.run.said.join()).not.toContain("delete");
    await stack.up(withDisks(root));
    expect(exists()).toBe(true);
  });

  test("leaves an image that another domain has by now, with a warning", async () => {
    await stack.up(withDisks(root, data));
    const theirs = (source: string) =>
      `<domain type='qemu'><name>other</name><uuid>6e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b02</uuid><memory>1048576</memory><devices><disk type='file' device='disk'>${source}<target dev='vda' bus='virtio'/></disk></devices></domain>`;
    for (const source of [
      `<source file='/images//data.qcow2'/>`,
      `<source pool='images' volume='data.qcow2'/>`,
      `<source file='/top.qcow2'/><backingStore type='file'><source file='${FILE}'/></backingStore>`,
    ]) {
      await host.define(theirs(source));
      await stack.up(withDisks(root));
      expect(exists()).toBe(true);
      expect(stack.run.said).toContain(`${FILE} isn't deleted: domain other has it`);
      await host.undefine((await host.findByName("other")) ?? expect.unreachable());
      await stack.up(withDisks(root, data));
    }
  });

  test("leaves it while the running domain has it, and warns", async () => {
    const sata = { ...data, bus: "sata" };
    const later = { hotplug: { whenNotPossible: "nextBoot" } };
    await stack.up({ ...withDisks(root, sata), ...later });
    await stack.preview({ ...withDisks(root), ...later });
    expect(stack.run.said.join("\n")).toContain(
      `${FILE} isn't deleted: it is in use until the next boot; delete it by hand after that`,
    );
    await stack.up({ ...withDisks(root), ...later });
    expect(exists()).toBe(true);
    expect(host.only.live).toContain(FILE);
  });

  test("takes it along with a restart, and where the domain is off", async () => {
    const sata = { ...data, bus: "sata" };
    const restart = { hotplug: { whenNotPossible: "restart" } };
    await stack.up({ ...withDisks(root, sata), ...restart });
    await stack.up({ ...withDisks(root), ...restart });
    expect(exists()).toBe(false);
    await stack.up({ ...withDisks(root, data), running: false });
    expect(exists()).toBe(true);
    await stack.up({ ...withDisks(root), running: false });
    expect(exists()).toBe(false);
  });

  test("leaves it with a replacement, which keeps all images", async () => {
    await stack.up(withDisks(root, { ...data, bus: "sata" }));
    await stack.preview(withDisks(root));
    expect(stack.run.said.join("\n")).toContain(`${FILE} isn't deleted: a replacement keeps all images`);
    expect(await stack.up(withDisks(root))).toBe("replace");
    expect(exists()).toBe(true);
  });

  test("leaves the earlier image of a disk that gets another one", async () => {
    await stack.up(withDisks(root, data));
    const other = { ...data, file: "/images/other.qcow2" };
    host.missing.add(`file ${other.file}`);
    await stack.preview(withDisks(root, other));
    expect(stack.run.said.join("\n")).toContain(
      `${FILE} isn't deleted: its disk stays but gets another image`,
    );
    await stack.up(withDisks(root, other));
    expect([exists(), exists(other.file)]).toEqual([true, true]);
  });

  test("warns of an image that libvirt refuses to delete", async () => {
    await stack.up(withDisks(root, data));
    host.refuses.set("deleteVolume", libvirtError(ErrorCode.SYSTEM_ERROR, "Permission denied", 13));
    expect(await stack.up(withDisks(root))).toBe("update");
    expect(stack.run.said.join("\n")).toContain(`${FILE} isn't deleted: `);
    expect(await stack.up(withDisks(root))).toBe("same");
  });

  test("leaves an image whose deletion the preview didn't announce", async () => {
    await stack.up({ ...withDisks(root, data), running: false });
    const before = stack.recorded.inputs;
    await stack.preview({ ...MEMORY, disks: UNKNOWN, running: false });
    await stack.update(await stack.check(before, { ...withDisks(root), running: false }));
    expect(exists()).toBe(true);
    expect(stack.run.said.join("\n")).toContain(
      `${FILE} isn't deleted, since the preview didn't announce it`,
    );
  });
});

test.each(["/images//data.qcow2", "/images/./data.qcow2", "/images/old/../data.qcow2"])(
  "%s is the same image: it stays attached, grows and is deleted with its disk",
  async (file) => {
    await stack.up(withDisks(root, data));
    host.calls.length = 0;
    const other = { ...data, name: "store", file, size: "2GiB" };
    await stack.up(withDisks(root, { ...other, name: "data" }));
    expect(stack.run.rows[0]).toBe(`live: disk ${file} 1 → 2 GiB, no restart`);
    expect(host.calls).not.toContain("detachDevice");
    expect(host.calls).not.toContain("resizeVolume");
    expect(await stack.up(withDisks(root, { ...other, name: "data" }))).toBe("same");
    await stack.up(withDisks(root, other));
    expect(exists()).toBe(true);
    await stack.up(withDisks(root));
    expect(exists()).toBe(false);
  },
);

test("killed anywhere while a disk and its image go: the next up converges", async () => {
  const begin = async () => {
    const victim = new FakeHypervisor();
    victim.addImage(root.file);
    victim.missing.add(`file ${FILE}`);
    const one = new OneResource(victim);
    await one.up(withDisks(root, data));
    victim.calls.length = 0;
    return { victim, one };
  };
  const whole = await begin();
  await whole.one.up(withDisks(root));
  const calls = whole.victim.calls.length;
  expect(calls).toBeGreaterThan(10);
  for (let call = 1; call <= calls; call++)
    for (const carriedOut of [false, true]) {
      const { victim, one } = await begin();
      victim.death = { call, carriedOut };
      await one.up(withDisks(root)).catch((error: unknown) => {
        if (!(error instanceof Error)) throw error;
      });
      victim.death = undefined;
      await one.up(withDisks(root));
      expect([call, carriedOut, victim.images.has(FILE)]).toEqual([call, carriedOut, false]);
      expect(victim.images.has(root.file)).toBe(true);
      expect(victim.only.inactive).not.toContain(FILE);
      expect([...victim.pools.keys()]).toEqual([]);
      expect(await one.up(withDisks(root))).toBe("same");
    }
});

const NAMES = ["a", "b", "c", "d"] as const;
const disk = fc.record(
  {
    file: fc.constantFrom(...NAMES).map((name) => `/images/${name}.qcow2`),
    size: fc.constant("10GiB"),
    onDelete: fc.constantFrom("delete", "keep"),
    bus: fc.constantFrom("virtio", "sata"),
    isNamed: fc.boolean(),
  },
  { requiredKeys: ["file", "size", "isNamed"] },
);
const program = fc.record({
  disks: fc.uniqueArray(disk, { selector: ({ file }) => file, maxLength: 4 }),
  running: fc.boolean(),
  whenNotPossible: fc.constantFrom("replace", "restart", "nextBoot"),
  refreshed: fc.boolean(),
});

property.prop(
  {
    there: fc.subarray([...NAMES]),
    shared: fc.subarray([...NAMES]),
    programs: fc.array(program, { minLength: 2, maxLength: 5 }),
  },
  { numRuns: 60 },
)(
  "an update deletes what the preview announced, and never any other file",
  async ({ there, shared, programs }) => {
    const fake = new FakeHypervisor();
    const one = new OneResource(fake);
    const fileOf = (name: string) => `/images/${name}.qcow2`;
    for (const name of NAMES) {
      if (there.includes(name)) fake.addImage(fileOf(name));
      else fake.missing.add(`file ${fileOf(name)}`);
    }
    const source = (name: string) =>
      `<disk type='file' device='disk'><source file='${fileOf(name)}'/><readonly/><shareable/><target dev='vd${name}' bus='virtio'/></disk>`;
    await fake.define(
      `<domain type='qemu'><name>other</name><uuid>6e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b02</uuid><memory>1048576</memory><devices>${shared
        .filter((name) => there.includes(name))
        .map(source)
        .join("")}</devices></domain>`,
    );
    let before: { file: string; onDelete?: string }[] = [];
    for (const { disks, running, whenNotPossible, refreshed } of programs) {
      const entries = disks.map(({ isNamed, ...rest }) => ({
        ...(isNamed && { name: `d${rest.file.at(-7)}` }),
        ...rest,
      }));
      const args = { ...MEMORY, forceOff: true, disks: entries, running, hotplug: { whenNotPossible } };
      const had = [...fake.images.keys()];
      const made = new Set((one.state?.outputs.__made as string[] | undefined) ?? []);
      const failed = await one.up(args).then(
        () => false,
        (error: unknown) => {
          if (!(error instanceof Error)) throw error;
          return true;
        },
      );
      const said = one.run.said.join("\n");
      const gone = had.filter((file) => !fake.images.has(file));
      for (const file of gone) {
        expect(made).toContain(file);
        expect(before.find((entry) => entry.file === file)?.onDelete).toBe("delete");
        expect(entries.map((entry) => entry.file)).not.toContain(file);
        expect(said).toContain(`delete the image ${file}`);
        for (const { live, inactive } of fake.domains.values())
          expect(`${live}${inactive}`).not.toContain(`file='${file}'`);
      }
      for (const name of there) expect(fake.images.has(fileOf(name))).toBe(true);
      if (!failed) before = entries;
      if (refreshed && one.state !== undefined) await one.refresh();
    }
  },
);
