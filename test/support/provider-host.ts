import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { expect } from "vitest";

const PROVIDER_HOSTS = /cmd\/dynamic-provider|pulumi-resource-libvirt-hotplug/;

/** Ends the provider's processes of a stack with SIGKILL. */
export function killProviderHost({ dir }: { dir: string }): void {
  const hosts = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isProviderHost(pid, dir));
  expect(hosts).not.toEqual([]);
  for (const pid of hosts) process.kill(Number(pid), "SIGKILL");
}

function isProviderHost(pid: string, dir: string): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return PROVIDER_HOSTS.test(command) && readlinkSync(`/proc/${pid}/cwd`) === dir;
  } catch {
    return false;
  }
}
