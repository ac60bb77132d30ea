import type { PlugDevice } from "../args/settings.ts";
import type { Obstacle } from "./plan.ts";
import type { ReasonCode } from "./reason-codes.ts";

/** What decides whether a guest supports memory hot-plug. */
export interface Platform {
  arch?: string;
  /** As the program or libvirt names it: q35, pc-q35-7.2, virt, … */
  machine?: string;
  acpi: boolean;
  uefi: boolean;
}

/** The program rules out memory hot-plug. */
export const HOTPLUG_DISABLED: Obstacle = {
  code: "hotplug-disabled",
  text: "hotplug.enabled is false",
  predicate: "needs hot-plug, but hotplug.enabled is false",
};
const MEMORY = hotPlugObstacles("memory hot-plug", {
  machine: "machine-unsupported",
  arch: "arch-unsupported",
});
const NO_UEFI: Obstacle = {
  code: "no-acpi",
  text: 'aarch64 guests need ACPI for memory hot-plug, which requires UEFI (firmware: "uefi")',
  predicate: "needs UEFI, which aarch64 guests require for hot-plug",
};
// Linux: CONFIG_MEMORY_HOTPLUG depends on 64BIT (mm/Kconfig).
const NARROW: Obstacle = {
  code: "32-bit-guest",
  text: "32-bit guests don't support memory hot-plug",
  predicate: "needs memory hot-plug, which 32-bit guests don't support",
};

export function noAcpi(purpose: string): Obstacle {
  return {
    code: "no-acpi",
    text: `the domain has no ACPI, which guests need for ${purpose}`,
    predicate: "needs ACPI, which the domain doesn't have",
  };
}

type PlatformRule = (platform: Platform) => Obstacle | undefined;

/** Why guests of an architecture don't support a kind of hot-plug; undefined where they do. */
export type PlatformRules = Readonly<Record<string, PlatformRule>>;

/** What platforms have in common, whatever is plugged. */
export function hotPlugObstacles(purpose: string, codes: Record<"machine" | "arch", ReasonCode>) {
  const ofMachine = (text: string): Obstacle => ({
    code: codes.machine,
    text,
    predicate: `needs ${purpose}, which the machine type doesn't support`,
  });
  const onlyMachine = (family: string, platform: string, machine: string) =>
    ofMachine(`only the ${family} machine type supports ${purpose} on ${platform}, not ${machine}`);
  return {
    onlyMachine,
    arch: (arch: string): Obstacle => ({
      code: codes.arch,
      text: `${arch} machines don't support ${purpose}`,
      predicate: `needs ${purpose}, which ${arch} doesn't support`,
    }),
    x86({ machine = "", acpi }: Platform): Obstacle | undefined {
      // QEMU docs/system/i386/microvm.rst: no hot-plug. isapc: "-memory 'slots|maxmem'" is not supported.
      if (/^(microvm|isapc)(-|$)/.test(machine))
        return ofMachine(`the ${machine} machine type doesn't support ${purpose}`);
      return acpi ? undefined : noAcpi(purpose);
    },
    pseries({ machine = "pseries" }: Platform): Obstacle | undefined {
      return machine.startsWith("pseries") ? undefined : onlyMachine("pseries", "POWER", machine);
    },
  };
}

const RULES: PlatformRules = {
  x86_64: MEMORY.x86,
  // QEMU hw/arm/virt.c: "missing acpi-ged device" without ACPI, which AArch64 guests only have with UEFI.
  aarch64: ({ machine = "virt", acpi, uefi }) =>
    machine.startsWith("virt")
      ? uefi && acpi
        ? undefined
        : NO_UEFI
      : MEMORY.onlyMachine("virt", "aarch64", machine),
  ppc64: MEMORY.pseries,
  ppc64le: MEMORY.pseries,
  s390x: () => MEMORY.arch("s390x"),
  riscv64: () => MEMORY.arch("riscv64"),
  i686: () => NARROW,
  armv7l: () => NARROW,
};

/** Why this guest doesn't support memory hot-plug; undefined where it does. An unknown architecture is taken to do so. */
export function platformReason(platform: Platform, width: 32 | 64): Obstacle | undefined {
  if (width === 32) return NARROW;
  return RULES[platform.arch ?? ""]?.(platform);
}

/**
 * Where virtio-mem was seen to work: x86-64 (QEMU 6.0), AArch64 (QEMU 7.2; Linux has it from 5.18 on). QEMU has none for
 * POWER; s390x and RISC-V got theirs in QEMU 10.0 and 9.2, with devices and block sizes of their own.
 */
const VIRTIO_MEM_ARCHES: ReadonlySet<string> = new Set(["x86_64", "aarch64"]);

/** Why a platform doesn't support the device that the program adds memory with; undefined where it does. */
export function pluggingReason(
  { width, device }: { width: 32 | 64; device: PlugDevice },
  platform: Platform,
): Obstacle | undefined {
  const { arch = "" } = platform;
  const unfit = device === "virtio-mem" && arch !== "" && width === 64 && !VIRTIO_MEM_ARCHES.has(arch);
  if (unfit)
    return {
      code: "virtio-mem-unsupported",
      text: `virtio-mem is only supported for x86_64 and aarch64 guests, not for ${arch}`,
      predicate: "needs virtio-mem, which isn't supported for this architecture",
    };
  return platformReason(platform, width);
}

/** The machine types that start with a node of 0 KiB: up to 5.0, as measured; later ones refuse a memory back end of size 0. */
export function supportsEmptyNode(machine: string | undefined): boolean {
  const version = /-(\d+)\.(\d+)(?:\.\d+)?$/.exec(machine ?? "");
  if (version === null) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major < 5 || (major === 5 && minor === 0);
}
