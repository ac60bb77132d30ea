import fc from "fast-check";
import pLimit from "p-limit";
import { describe, expect, test } from "vitest";
import { hostClock } from "../../provider/deadline.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { deleteImage, findImage, growImage, makeImage } from "../../provider/storage/image.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { cases } from "../support/properties.ts";

const GIB = 2 ** 30;
const EMPTY = { format: "qcow2", capacity: 2 * GIB };
const DISK = { kind: "file", file: "/images/web.qcow2" } as const;

/** A pause lasts a turn of the event loop. */
const CLOCK = { ...hostClock, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) };

/** One process: its lock holds nobody else. */
function processOn(hypervisor: FakeHypervisor) {
  const lock = pLimit(1);
  return {
    hypervisor,
    session: { locked: <T>(_: string, work: () => Promise<T>) => lock(work), clock: CLOCK },
  };
}

function emptyHost(...files: string[]) {
  const hypervisor = new FakeHypervisor();
  for (const file of files) hypervisor.missing.add(`file ${file}`);
  return hypervisor;
}

describe("an image is made through libvirt's storage API", () => {
  test("in a transient pool, of which nothing is left", async () => {
    const hypervisor = emptyHost(DISK.file);
    const host = processOn(hypervisor);
    expect(await makeImage(host, DISK, EMPTY)).toBe(true);
    expect(hypervisor.images.get(DISK.file)).toEqual(EMPTY);
    expect([...hypervisor.pools.keys()]).toEqual([]);
    expect(hypervisor.calls).toEqual(["findPoolByTargetPath", "createPool", "createVolume", "destroyPool"]);
  });

  test("in the pool that the host has for the folder, which stays", async () => {
    const hypervisor = emptyHost(DISK.file);
    hypervisor.addPool("images", "/images");
    expect(await makeImage(processOn(hypervisor), DISK, EMPTY)).toBe(true);
    expect(hypervisor.pools.get("images")).toMatchObject({ isActive: true });
    expect(hypervisor.calls).toEqual(["findPoolByTargetPath", "refreshPool", "createVolume"]);
  });

  test("a file that somebody put there stays as it is, whether or not the pool knows it", async () => {
    for (const isKnown of [true, false]) {
      const hypervisor = new FakeHypervisor();
      hypervisor.addPool("images", "/images");
      hypervisor.addImage(DISK.file, { capacity: GIB });
      const refuses = libvirtError(ErrorCode.STORAGE_VOL_EXIST, "exists");
      if (isKnown) hypervisor.refuses.set("createVolume", refuses);
      expect(await makeImage(processOn(hypervisor), DISK, EMPTY)).toBe(false);
      expect(hypervisor.images.get(DISK.file)?.capacity).toBe(GIB);
    }
  });

  test("its capacity is read after a refresh, grows, and never shrinks", async () => {
    const hypervisor = new FakeHypervisor();
    hypervisor.addPool("images", "/images");
    hypervisor.addImage(DISK.file, EMPTY);
    const host = processOn(hypervisor);
    expect(await findImage(host, DISK)).toEqual(EMPTY);
    await growImage(host, DISK, 3 * GIB);
    expect((await findImage(host, DISK))?.capacity).toBe(3 * GIB);
    await expect(growImage(host, DISK, GIB)).rejects.toThrow("Can't shrink");
    await deleteImage(host, DISK);
    expect(await findImage(host, DISK)).toBeUndefined();
    await deleteImage(host, DISK);
  });

  test("a volume of a pool that the program names", async () => {
    const hypervisor = new FakeHypervisor();
    hypervisor.addPool("ssd", "/ssd");
    hypervisor.missing.add("file /ssd/web");
    const volume = { kind: "volume", pool: "ssd", volume: "web" } as const;
    expect(await makeImage(processOn(hypervisor), volume, EMPTY)).toBe(true);
    expect(hypervisor.images.get("/ssd/web")).toEqual(EMPTY);
    hypervisor.missing.add("pool ssd");
    await expect(findImage(processOn(hypervisor), volume)).rejects.toThrow(
      `storage pool "ssd" doesn't exist on qemu:///fake`,
    );
  });
});

test.each([
  ["/web.qcow2", "/"],
  ["/etc/web.qcow2", "/etc"],
  ["/usr/share/x/web.qcow2", "/usr/share/x"],
  ["/images/../etc/web.qcow2", "/etc"],
  ["//tmp//web.qcow2", "/tmp"],
])("no pool is started for %s, on %s", async (file, folder) => {
  const hypervisor = emptyHost();
  const made = makeImage(processOn(hypervisor), { kind: "file", file }, EMPTY);
  await expect(made).rejects.toMatchObject({
    code: "system-folder",
    message: expect.stringContaining(` for ${folder},`),
  });
  expect(hypervisor.calls).toEqual(["findPoolByTargetPath"]);
});

test("a pool of the system that the host has is used", async () => {
  const hypervisor = emptyHost("/var/lib/web.qcow2");
  hypervisor.addPool("default", "/var/lib");
  expect(await makeImage(processOn(hypervisor), { kind: "file", file: "/var/lib/web.qcow2" }, EMPTY)).toBe(
    true,
  );
});

test("a folder that isn't there, and a pool that isn't active", async () => {
  const hypervisor = emptyHost();
  hypervisor.missing.add("folder /images");
  await expect(makeImage(processOn(hypervisor), DISK, EMPTY)).rejects.toThrow(
    "the folder /images doesn't exist on qemu:///fake",
  );
  hypervisor.addPool("off", "/images", { isActive: false });
  await expect(makeImage(processOn(hypervisor), DISK, EMPTY)).rejects.toThrow("virsh pool-start off");
});

test("a refresh waits while libvirt makes a volume of the same pool", async () => {
  const hypervisor = emptyHost(DISK.file);
  hypervisor.addPool("images", "/images");
  let busy = 2;
  hypervisor.beforeCall = (call) => {
    if (call === "refreshPool" && busy-- > 0)
      throw libvirtError(ErrorCode.INTERNAL, "internal error: pool 'images' has asynchronous jobs running.");
  };
  expect(await makeImage(processOn(hypervisor), DISK, EMPTY)).toBe(true);
});

test("however many processes make images in one folder: each is made once, and no pool is left", async () => {
  const names = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 2, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(names, fc.infiniteStream(fc.nat(3)), async (wanted, pauses) => {
      const files = wanted.map((name) => `/images/${name}.qcow2`);
      const hypervisor = emptyHost(...files);
      const made = await Promise.all(
        files.map(async (file) => {
          for (let turns = pauses.next().value; turns > 0; turns--) await new Promise(setImmediate);
          return (await makeImage(processOn(hypervisor), { kind: "file", file }, EMPTY)) ? file : undefined;
        }),
      );
      expect(made.filter((file) => file !== undefined).sort()).toEqual([...new Set(files)].sort());
      expect([...hypervisor.images.keys()].sort()).toEqual([...new Set(files)].sort());
      expect([...hypervisor.pools.keys()]).toEqual([]);
    }),
    cases(40),
  );
});
