import { run } from "./command.ts";

/** The architectures of the lab's guests. */
export type GuestArch = "x86_64" | "aarch64";

/** What the lab needs of Debian: libvirt's daemon with its QEMU driver, virsh, QEMU for x86-64 and qemu-img. */
export const LAB_PACKAGES = [
  "libvirt-daemon",
  "libvirt-daemon-driver-qemu",
  "libvirt-clients",
  "qemu-system-x86",
  "qemu-utils",
];

/** QEMU and the firmware of other architectures: further packages, for the tests alone that boot such a guest. */
export const FURTHER_PACKAGES: Readonly<Record<GuestArch, readonly string[]>> = {
  x86_64: [],
  aarch64: ["qemu-system-arm", "qemu-efi-aarch64"],
};

// Recommended packages would bring libvirt-daemon-system, which starts a libvirt for the whole machine.
const INSTALL = ["apt-get", "install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600"];

/** The lab can't run here, and the message says what would change that. */
export class LabUnavailable extends Error {
  override readonly name = "LabUnavailable";
}

/**
 * Which of the lab's packages are not installed, for guests of an architecture. Throws `LabUnavailable` where there
 * is no dpkg to ask.
 */
export async function missingPackages(arch: GuestArch = "x86_64"): Promise<string[]> {
  const wanted = [...LAB_PACKAGES, ...FURTHER_PACKAGES[arch]];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg-query's.
  const format = "${Package} ${db:Status-Status}\n";
  const known = await run("dpkg-query", ["--show", "--showformat", format]).catch(() => {
    throw new LabUnavailable(
      "The lab needs Debian 12 or a system like it (there is no dpkg here): libvirtd, virsh and QEMU come " +
        `from its packages. There: ${installCommand(wanted)}`,
    );
  });
  const installed = new Set(known.split("\n"));
  return wanted.filter((name) => !installed.has(`${name} installed`));
}

/** The one command that a person would type. */
export function installCommand(packages: readonly string[]): string {
  return `sudo apt-get update && sudo apt-get install --no-install-recommends ${packages.join(" ")}`;
}

/**
 * Installs what is missing, where it may: as root, or by sudo where that asks for no password. Otherwise a
 * `LabUnavailable` that holds the command.
 */
export async function ensurePackages(arch: GuestArch = "x86_64"): Promise<void> {
  const missing = await missingPackages(arch);
  if (missing.length === 0) return;
  const prefix = await rootPrefix();
  if (prefix === undefined) {
    throw new LabUnavailable(
      `The lab needs packages that are not installed (${missing.join(", ")}), and may not install them ` +
        `itself. Run:\n  ${installCommand(missing)}`,
    );
  }
  process.stderr.write(`lab: installing ${missing.join(", ")}\n`);
  for (const command of [
    ["apt-get", "update"],
    [...INSTALL, ...missing],
  ]) {
    const [program = "", ...args] = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", ...command];
    await run(program, args, { echo: process.stderr }).catch((error: unknown) => {
      throw new LabUnavailable(
        `Unable to install the lab's packages. Run:\n  ${installCommand(missing)}\n${error}`,
        { cause: error },
      );
    });
  }
}

/** What to put before a command for root to run it; undefined when this user may not. */
async function rootPrefix(): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  const sudo = ["sudo", "--non-interactive"];
  return run("sudo", ["--non-interactive", "true"]).then(
    () => sudo,
    () => undefined,
  );
}
