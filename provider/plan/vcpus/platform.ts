import type { Obstacle } from "../plan.ts";
import { hotPlugObstacles, type Platform, type PlatformRules } from "../platform.ts";

const VCPUS = hotPlugObstacles("vCPU hot-plug", {
  machine: "vcpus-machine-unsupported",
  arch: "vcpus-arch-unsupported",
});

const RULES: PlatformRules = {
  x86_64: VCPUS.x86,
  i686: VCPUS.x86,
  // "cpu hotplug is not supported" (libvirt 9.0, QEMU 7.2).
  aarch64: () => VCPUS.arch("aarch64"),
  armv7l: () => VCPUS.arch("armv7l"),
  riscv64: () => VCPUS.arch("riscv64"),
  ppc64: VCPUS.pseries,
  ppc64le: VCPUS.pseries,
};

/** Why this guest doesn't support vCPU hot-plug; undefined where it does. An unknown architecture is taken to do so. */
export function vcpuPlatformReason(platform: Platform): Obstacle | undefined {
  return RULES[platform.arch ?? ""]?.(platform);
}

/** POWER guests get and lose vCPUs in whole cores: how many threads one has. */
export function vcpuUnit({ arch, topology }: { arch?: string; topology?: { threads: number } }): number {
  return arch?.startsWith("ppc64") ? (topology?.threads ?? 1) : 1;
}
