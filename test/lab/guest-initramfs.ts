import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type CpioEntry, cpio } from "./cpio.ts";
import { neededLibraries } from "./elf.ts";
import type { GuestArch } from "./packages.ts";

/** In this order: no dependency list is in the image, and each needs the ones before it. A kernel may have one built in. */
const MODULES = [
  "virtio_ring",
  "virtio",
  "virtio_pci_legacy_dev",
  "virtio_pci_modern_dev",
  "virtio_pci",
  "virtio_console",
  "virtio_balloon",
  "virtio_mem",
  // The ACPI power button, and the device file by which it is read.
  "evdev",
  "button",
];

/** Loaded after those, while the guest already runs: disks, SCSI disks and CD-ROMs, network cards. */
const DEVICE_MODULES = [
  "virtio_blk",
  "scsi_common",
  "scsi_mod",
  "cdrom",
  "sd_mod",
  "sr_mod",
  "virtio_scsi",
  "failover",
  "net_failover",
  "virtio_net",
];

/** What the guest's scripts call. */
const APPLETS = ["sh", "mount", "insmod", "dd", "sleep", "poweroff", "reboot", "ip", "udhcpc", "kill"];

const FOLDERS = ["bin", "sbin", "dev", "proc", "sys", "run", "etc", "lib", "lib/modules", "lib64"];

/** Packages whose files go into the guest, besides the kernel's and the agent's libraries. */
export const PROGRAM_PACKAGES = ["busybox-static", "qemu-guest-agent"];

/** The loader's path in a program, where that isn't `lib`, in which the libraries lie. */
const LOADER: Readonly<Record<GuestArch, string | undefined>> = {
  x86_64: "lib64/ld-linux-x86-64.so.2",
  aarch64: undefined,
};

/** The scripts of the guest, beside this file. */
export const SCRIPTS = {
  init: "guest-init.sh",
  "sbin/shutdown": "guest-shutdown.sh",
  "sbin/dhcp-lease": "guest-dhcp-lease.sh",
};

/**
 * Makes the guest's initramfs out of unpacked packages: busybox, the guest agent with the libraries it needs,
 * the kernel modules and our scripts. `root` is the folder that all the packages were unpacked into. Not
 * compressed: the emulated guest would take longer to inflate it than QEMU takes to load it.
 */
export function initramfs(root: string, arch: GuestArch): Buffer {
  const files = new Map(
    readdirSync(root, { recursive: true, withFileTypes: true })
      // Under usr/share lie documents and completions that bear the programs' names.
      .filter((entry) => !entry.isDirectory() && !entry.parentPath.startsWith(join(root, "usr", "share")))
      .map((entry) => [entry.name, join(entry.parentPath, entry.name)]),
  );
  const find = (name: string): Buffer => {
    const path = files.get(name);
    if (path === undefined)
      throw new Error(`Unable to build the lab's guest: no file ${name} in the packages`);
    return readFileSync(path);
  };
  const builtIn = find("modules.builtin").toString().split("\n");
  const isBuiltIn = (module: string) => builtIn.some((path) => path.endsWith(`/${module}`));
  const program = (path: string, data: Buffer): CpioEntry => ({ path, data, executable: true });
  const agent = find("qemu-ga");
  const loader = LOADER[arch];
  const filesOf = (names: string[]) => names.map((name) => `${name}.ko`).filter((name) => !isBuiltIn(name));
  const [first, later] = [filesOf(MODULES), filesOf(DEVICE_MODULES)];
  const list = (path: string, names: string[]): CpioEntry => ({
    ...{ path, executable: false },
    data: Buffer.from(`${names.join("\n")}\n`),
  });
  return cpio([
    ...FOLDERS.map((path) => ({ path, folder: true }) as const),
    ...Object.entries(SCRIPTS).map(([path, script]) =>
      program(path, readFileSync(join(import.meta.dirname, script))),
    ),
    program("bin/busybox", find("busybox")),
    ...APPLETS.map((applet) => ({ path: `bin/${applet}`, link: "busybox" })),
    program("sbin/qemu-ga", agent),
    ...libraries(agent, find).map(([name, data]) => program(`lib/${name}`, data)),
    ...(loader === undefined ? [] : [{ path: loader, link: `/lib/${basename(loader)}` }]),
    list("etc/modules", first),
    list("etc/device-modules", later),
    ...[...first, ...later].map((name) => ({
      ...{ path: `lib/modules/${name}`, executable: false },
      data: find(name),
    })),
  ]);
}

/** The libraries that a program needs, and those that they need in their turn; sorted by name. */
function libraries(program: Buffer, find: (name: string) => Buffer): [name: string, data: Buffer][] {
  const found = new Map<string, Buffer>();
  const visit = (elf: Buffer) => {
    for (const name of neededLibraries(elf)) {
      if (found.has(name)) continue;
      const library = find(name);
      found.set(name, library);
      visit(library);
    }
  };
  visit(program);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}
