import type { Obstacle } from "../plan.ts";
import { noAcpi, type Platform } from "../platform.ts";

const NO_ACPI = noAcpi("vCPU hot-plug");

function unsupportedMachine(text: string): Obstacle {
  const predicate = "needs vCPU hot-plug, which the machine type doesn't support";
  return { code: "vcpus-machine-unsupported", text, predicate };
}

function unsupportedArch(arch: string): Obstacle {
  return {
    code: "vcpus-arch-unsupported",
    text: `${arch} machines don't support vCPU hot-plug`,
    predicate: `needs vCPU hot-plug, which ${arch} doesn't support`,
  };
}

/** Why guests of an architecture don't support vCPU hot-plug; undefined where they do. */
const RULES: Readonly<Record<string, (platform: Platform) => Obstacle | undefined>> = {
  x86_64: x86,
  i686: x86,
  // "cpu hotplug is not supported" (libvirt 9.0, QEMU 7.2).
  aarch64: () => unsupportedArch("aarch64"),
  armv7l: () => unsupportedArch("armv7l"),
  riscv64: () => unsupportedArch("riscv64"),
  ppc64: pseries,
  ppc64le: pseries,
};

function x86({ machine = "", acpi }: Platform): Obstacle | undefined {
  if (/^(microvm|isapc)(-|$)/.test(machine))
    return unsupportedMachine(`the ${machine} machine type doesn't support vCPU hot-plug`);
  return acpi ? undefined : NO_ACPI;
}

function pseries({ machine = "pseries" }: Platform): Obstacle | undefined {
  return machine.startsWith("pseries")
    ? undefined
    : unsupportedMachine(`only the pseries machine type supports vCPU hot-plug on POWER, not ${machine}`);
}

/** Why this guest doesn't support vCPU hot-plug; undefined where it does. An unknown architecture is taken to do so. */
export function vcpuPlatformReason(platform: Platform): Obstacle | undefined {
  return RULES[platform.arch ?? ""]?.(platform);
}

/** POWER guests get and lose vCPUs in whole cores: how many threads one has. */
export function vcpuUnit({ arch, topology }: { arch?: string; topology?: { threads: number } }): number {
  return arch?.startsWith("ppc64") ? (topology?.threads ?? 1) : 1;
}
