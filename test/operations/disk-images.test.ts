import { beforeEach, describe, expect, test } from "vitest";
import { defined } from "../../provider/defined.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { OneResource } from "../support/one-resource.ts";

const GIB = 2 ** 30;
const FILE = "/images/web.qcow2";
type Disk = Record<string, unknown>;
const args = (disk: Disk = {}, more: object = {}) => ({
  memory: "1003MiB",
  maxMemory: "8GiB",
  shutdownTimeout: 0,
  disks: [defined({ file: FILE, size: "20GiB", ...disk })],
  ...more,
});

let host: FakeHypervisor;
let stack: OneResource;
beforeEach(() => {
  host = new FakeHypervisor();
  host.missing.add(`file ${FILE}`);
  stack = new OneResource(host);
});
const count = (call: string) => host.calls.filter((name) => name === call).length;
const image = () => host.images.get(FILE);

describe("a new domain", () => {
  test("gets an empty image of the size where there is none", async () => {
    expect(await stack.up(args())).toBe("create");
    expect(image()).toEqual({ format: "qcow2", capacity: 20 * GIB });
    expect([...host.pools.keys()]).toEqual([]);
    expect(host.calls.indexOf("createVolume")).toBeLessThan(host.calls.indexOf("start"));
    expect(await stack.up(args())).toBe("same");
  });

  test("takes an image that is there and has the size, and grows a smaller one", async () => {
    host.addImage(FILE, { capacity: 20 * GIB });
    await stack.up(args());
    expect([count("createVolume"), count("resizeVolume")]).toEqual([0, 0]);
    await stack.destroy();
    host.addImage(FILE, { capacity: 5 * GIB });
    await stack.up(args());
    expect(image()?.capacity).toBe(20 * GIB);
  });

  test.each([
    [
      "is smaller than the image",
      { size: "20GiB" },
      { capacity: 30 * GIB },
      /disks\[0\]\.size is 20 GiB, but .* has 30 GiB/,
    ],
    [
      "has another format",
      { format: "raw" },
      { format: "qcow2" },
      /disks\[0\]\.format is "raw", but .* is qcow2/,
    ],
    [
      "isn't the default format",
      { size: undefined },
      { format: "raw" },
      /disks\[0\]\.format is "qcow2", but .* is raw/,
    ],
  ])("is refused where its disk %s, before anything was done", async (_, disk, there, message) => {
    host.addImage(FILE, there);
    await expect(stack.up(args(disk))).rejects.toThrow(message);
    expect([count("define"), count("resizeVolume"), host.domains.size]).toEqual([0, 0, 0]);
  });

  test("is refused with every disk that isn't there", async () => {
    host.missing.add("file /images/b.qcow2");
    const disks = [{ file: FILE }, { file: "/images/b.qcow2" }, { file: "/images/c.qcow2" }];
    await expect(stack.up(args({}, { disks }))).rejects.toThrow(
      /disks\[0\]\.file: \/images\/web\.qcow2 doesn't exist on .*\n.*disks\[1\]\.file: \/images\/b\.qcow2 doesn't exist/,
    );
    expect(count("define")).toBe(0);
  });

  test("is made on a host without a storage driver, if no image has to be", async () => {
    host.refuses.set("findPoolByTargetPath", libvirtError(ErrorCode.NO_SUPPORT, "no storage driver"));
    await expect(stack.up(args())).rejects.toThrow("no storage driver");
    expect(host.domains.size).toBe(0);
    expect(await stack.up(args({ size: undefined }))).toBe("create");
  });

  test("leaves nothing where somebody else makes the file meanwhile", async () => {
    host.beforeCall = (call) => {
      if (call === "createVolume") host.addImage(FILE, { capacity: GIB });
    };
    await expect(stack.up(args())).rejects.toThrow(/disks\[0\]: somebody else made/);
    expect([host.domains.size, image()?.capacity]).toEqual([0, GIB]);
  });

  test("that can't be started takes its new image along only if it isn't to be kept", async () => {
    host.refuses.set("start", libvirtError(ErrorCode.INTERNAL, "no QEMU"));
    await expect(stack.up(args({ onDelete: "delete" }))).rejects.toThrow("no QEMU");
    expect(image()).toBeUndefined();
    await expect(stack.up(args())).rejects.toThrow("no QEMU");
    expect(image()).toBeDefined();
    expect(host.domains.size).toBe(0);
  });
});

describe("a deleted domain", () => {
  test.each([
    ["an image that was made is kept", {}, true, true],
    ["an image that was made goes with onDelete: delete", { onDelete: "delete" }, true, false],
    ["an image that was there stays whatever onDelete is", { onDelete: "delete" }, false, true],
  ])("%s", async (_, disk, isMade, stays) => {
    if (!isMade) host.addImage(FILE, { capacity: 20 * GIB });
    await stack.up(args(disk));
    await stack.destroy();
    expect(image() !== undefined).toBe(stays);
    expect([...host.pools.keys()]).toEqual([]);
  });

  test("onDelete is a setting, and what was made is known after updates and a refresh", async () => {
    await stack.up(args());
    expect(await stack.up({ ...args(), memory: "1259MiB" })).toBe("update");
    await stack.refresh();
    host.calls.length = 0;
    expect(await stack.up({ ...args({ onDelete: "delete" }), memory: "1259MiB" })).toBe("update");
    expect(count("define")).toBe(0);
    await stack.destroy();
    expect(image()).toBeUndefined();
  });

  test("an image that another domain has stays, with a warning", async () => {
    await stack.up(args({ onDelete: "delete" }));
    const other = new OneResource(host, stack.urn.replace("web-1", "web-2"));
    await other.up({ ...args({ size: undefined, readOnly: true }), running: false });
    await stack.destroy();
    expect(image()).toBeDefined();
    expect(stack.run.rows).toContain(`${FILE} isn't deleted: domain web-2 has it`);
  });

  test("a replace keeps the image, and it is known as made afterwards", async () => {
    await stack.up(args({ onDelete: "delete" }));
    expect(await stack.up({ ...args({ onDelete: "delete" }), firmware: "uefi" })).toBe("replace");
    expect(image()).toBeDefined();
    await stack.destroy();
    expect(image()).toBeUndefined();
  });

  test("a delete that was killed before the image was deleted is completed by the next one", async () => {
    await stack.up(args({ onDelete: "delete" }));
    host.refuses.set("list", libvirtError(ErrorCode.RPC, "gone"));
    await stack.destroy().catch(() => undefined);
    host.refuses.delete("list");
    expect(image()).toBeDefined();
    await stack.destroy();
    expect(image()).toBeUndefined();
  });
});

test("a disk that is added gets its image before the definition has it", async () => {
  await stack.up(args());
  host.missing.add("file /images/data.raw");
  const more = args(
    {},
    { disks: [...args().disks, { file: "/images/data.raw", format: "raw", size: "1GiB" }] },
  );
  expect(await stack.up(more)).toBe("update");
  expect(host.images.get("/images/data.raw")).toEqual({ format: "raw", capacity: GIB });
  expect(host.only.inactive).toContain("/images/data.raw");
  expect(await stack.up(more)).toBe("same");
  const third = { ...more, disks: [...more.disks, { file: "/images/third.qcow2", size: "1GiB" }] };
  host.addImage("/images/third.qcow2", { format: "raw", capacity: GIB });
  host.calls.length = 0;
  await expect(stack.up(third)).rejects.toThrow(/disks\[2\]\.format is "qcow2", but .* is raw/);
  const unsized = { ...third, memory: "1259MiB", disks: [...more.disks, { file: "/images/third.qcow2" }] };
  await expect(stack.up(unsized)).rejects.toThrow(/disks\[2\]\.format is "qcow2", but .* is raw/);
  expect([count("attachDevice"), count("createVolume")]).toEqual([0, 0]);
});

describe("killed anywhere", () => {
  test.each(["createVolume", "resizeVolume"] as const)("%s: the next up converges", async (call) => {
    if (call === "resizeVolume") host.addImage(FILE, { capacity: GIB });
    const reference = new FakeHypervisor();
    if (call === "resizeVolume") reference.addImage(FILE, { capacity: GIB });
    else reference.missing.add(`file ${FILE}`);
    const whole = new OneResource(reference);
    await whole.up(args({ onDelete: "delete" }));
    const calls = reference.calls.length;
    for (let at = 1; at <= calls; at++)
      for (const carriedOut of [false, true]) {
        const victim = new FakeHypervisor();
        if (call === "resizeVolume") victim.addImage(FILE, { capacity: GIB });
        else victim.missing.add(`file ${FILE}`);
        const one = new OneResource(victim);
        victim.death = { call: at, carriedOut };
        await one.up(args({ onDelete: "delete" })).catch((error: unknown) => {
          if (!(error instanceof Error)) throw error;
        });
        victim.death = undefined;
        await one.up(args({ onDelete: "delete" }));
        expect(victim.images.get(FILE)).toEqual({ format: "qcow2", capacity: 20 * GIB });
        expect([...victim.pools.keys()]).toEqual([]);
        expect(await one.up(args({ onDelete: "delete" }))).toBe("same");
        await one.destroy();
        if (call === "resizeVolume") expect(victim.images.get(FILE)).toBeDefined();
      }
  });
});

describe("a volume of a storage pool", () => {
  const volume = (size?: string, more: object = {}) => ({
    ...{ memory: "1003MiB", maxMemory: "8GiB", shutdownTimeout: 0 },
    disks: [defined({ pool: "ssd", volume: "web", size, ...more })],
  });
  beforeEach(() => {
    host.addPool("ssd", "/ssd");
  });

  test("is made, grown live and off, and deleted", async () => {
    host.missing.add("file /ssd/web");
    expect(await stack.up(volume("1GiB", { onDelete: "delete" }))).toBe("create");
    expect(host.images.get("/ssd/web")).toEqual({ format: "qcow2", capacity: GIB });
    expect(host.only.inactive).toMatch(/<disk type='volume'.*<source pool='ssd' volume='web'\/>/s);
    await stack.preview(volume("2GiB", { onDelete: "delete" }));
    expect(stack.run.rows).toContain('live: disk volume "web" of storage pool "ssd" 1 → 2 GiB, no restart');
    expect(await stack.up(volume("2GiB", { onDelete: "delete" }))).toBe("update");
    expect(count("blockResize")).toBe(1);
    const off = { ...volume("3GiB", { onDelete: "delete" }), running: false };
    await stack.up({ ...off, disks: volume("2GiB", { onDelete: "delete" }).disks });
    expect(await stack.up(off)).toBe("update");
    expect(host.images.get("/ssd/web")?.capacity).toBe(3 * GIB);
    expect(await stack.up(off)).toBe("same");
    await expect(stack.preview({ ...off, disks: volume("2GiB").disks })).rejects.toThrow(
      /is 2 GiB, but .* has 3 GiB/,
    );
    await stack.destroy();
    expect(host.images.get("/ssd/web")).toBeUndefined();
    expect(host.pools.get("ssd")?.isActive).toBe(true);
  });

  test("that isn't there is made for a new domain, and for one that gets it, although libvirt can't describe them", async () => {
    host.missing.add("file /ssd/web");
    expect((await stack.preview(volume("1GiB"))).kind).toBe("create");
    expect(await stack.up({ ...volume("1GiB"), disks: [] })).toBe("create");
    expect(await stack.up({ ...volume("1GiB"), memory: "1259MiB" })).toBe("update");
    expect(host.images.get("/ssd/web")?.capacity).toBe(GIB);
    expect(await stack.up({ ...volume("1GiB"), memory: "1259MiB" })).toBe("same");
  });

  test("that isn't there, or whose pool isn't, is refused by its path", async () => {
    host.missing.add("file /ssd/web");
    await expect(stack.up(volume())).rejects.toThrow(
      'disks[0].volume: volume "web" of storage pool "ssd" doesn\'t exist on qemu:///fake',
    );
    host.missing.add("pool ssd");
    await expect(stack.up(volume("1GiB"))).rejects.toThrow(
      'disks[0].pool: storage pool "ssd" doesn\'t exist on qemu:///fake',
    );
    expect(host.domains.size).toBe(0);
  });
});

test("a block device is neither looked for in a pool nor made", async () => {
  const block = { memory: "1003MiB", maxMemory: "8GiB", disks: [{ block: "/dev/vg/web" }] };
  expect(await stack.up(block)).toBe("create");
  expect(host.only.inactive).toMatch(/<disk type='block'.*type='raw'.*<source dev='\/dev\/vg\/web'\/>/s);
  expect(count("findPoolByTargetPath")).toBe(0);
  expect(await stack.up(block)).toBe("same");
});
