import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AptLists, download, fetchLists, libraryPackages, packageRecord, SYSTEM_LISTS } from "./apt.ts";
import { cachedFolder } from "./cache.ts";
import { run } from "./command.ts";
import { initramfs, PROGRAM_PACKAGES, SCRIPTS } from "./guest-initramfs.ts";
import type { GuestArch } from "./packages.ts";

export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
}

/** Debian's package that depends on the newest kernel for virtual machines. */
const KERNEL_PACKAGE: Record<GuestArch, string> = {
  x86_64: "linux-image-cloud-amd64",
  aarch64: "linux-image-cloud-arm64",
};

/** Debian's name of an architecture that the system's own package lists don't have. */
const FOREIGN: Readonly<Record<GuestArch, string | undefined>> = { x86_64: undefined, aarch64: "arm64" };

/** A change in any of these files makes another image. */
const RECIPE = [
  ...["apt.ts", "cpio.ts", "elf.ts", "guest-image.ts", "guest-initramfs.ts"],
  ...Object.values(SCRIPTS),
];

/**
 * The kernel and the initramfs of the lab's guest, from the cache, or built there first (about 10 seconds and
 * 30 MB of Debian packages). The key is the recipe and the kernel's version as the system's package lists name
 * it (nothing, where they are empty), so that a warm cache needs no network.
 */
export async function guestImage(arch: GuestArch = "x86_64"): Promise<GuestImage> {
  const folder = await cachedFolder(`guest-${arch}-${await key(arch)}`, (work) => build(arch, work));
  return { kernel: join(folder, "vmlinuz"), initrd: join(folder, "initrd") };
}

async function key(arch: GuestArch): Promise<string> {
  const hash = createHash("sha256").update(await kernelRecord(arch));
  for (const file of RECIPE) hash.update(await readFile(join(import.meta.dirname, file)));
  return hash.digest("hex").slice(0, 16);
}

/** What the system's lists say of the kernel. apt takes a second of processor time to read them: kept too. */
async function kernelRecord(arch: GuestArch): Promise<string> {
  const lists = await stat("/var/lib/apt/lists").catch(() => undefined);
  const folder = await cachedFolder(`kernel-${arch}-${lists?.mtimeMs}`, async (work) => {
    await writeFile(join(work, "record"), (await packageRecord(KERNEL_PACKAGE[arch], SYSTEM_LISTS)) ?? "");
    return work;
  });
  return readFile(join(folder, "record"), "utf8");
}

async function build(arch: GuestArch, work: string): Promise<string> {
  process.stderr.write(`lab: building the ${arch} guest from Debian's packages\n`);
  const root = await unpackPackages(arch, work);
  const boot = join(root, "boot");
  const kernel = (await readdir(boot)).find((name) => name.startsWith("vmlinuz-"));
  if (kernel === undefined)
    throw new Error("Unable to build the lab's guest: the kernel's package has no vmlinuz");
  const image = join(work, "image");
  await mkdir(image);
  await writeFile(join(image, "vmlinuz"), await readFile(join(boot, kernel)));
  await writeFile(join(image, "initrd"), initramfs(root, arch));
  // QEMU reads them as another user, whatever our umask is.
  for (const file of await readdir(image)) await chmod(join(image, file), 0o644);
  return image;
}

async function unpackPackages(arch: GuestArch, work: string): Promise<string> {
  const byOwnLists = async () => {
    const lists = await fetchLists(join(work, "apt"), process.stderr, FOREIGN[arch]);
    return downloadPackages(arch, join(work, "packages-by-own-lists"), lists);
  };
  const packages =
    FOREIGN[arch] === undefined
      ? await downloadPackages(arch, join(work, "packages"), SYSTEM_LISTS).catch(() => {
          // Empty lists, or lists so old that the archive has moved on.
          process.stderr.write("lab: the system's package lists don't serve; fetching lists of our own\n");
          return byOwnLists();
        })
      : await byOwnLists();
  const root = join(work, "root");
  for (const file of await readdir(packages)) await run("dpkg", ["-x", join(packages, file), root]);
  return root;
}

async function downloadPackages(arch: GuestArch, folder: string, lists: AptLists): Promise<string> {
  const wanted = KERNEL_PACKAGE[arch];
  const kernel = /^Depends: (linux-image-\S+)/m.exec((await packageRecord(wanted, lists)) ?? "")?.[1];
  if (kernel === undefined) {
    throw new Error(
      `Unable to build the lab's guest: apt knows no package ${wanted}. The guest is made of Debian's ` +
        "packages: /etc/apt has to name Debian's archive, and the network has to reach it.",
    );
  }
  const libraries = await libraryPackages("qemu-guest-agent", lists);
  await mkdir(folder);
  await download([kernel, ...PROGRAM_PACKAGES, ...libraries], folder, lists);
  return folder;
}
