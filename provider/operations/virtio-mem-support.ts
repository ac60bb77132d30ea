import type { Inputs } from "../args/inputs.ts";
import { hotplugSettings } from "../args/settings.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import type { Reason } from "../plan/plan.ts";
import type { Session } from "../session.ts";

/** The first libvirt with virtio-mem (news of 7.9.0). libvirt itself knows whether its QEMU supports it. */
const SINCE = 7_009_000;

/** Why a new domain on this host can't have the device that memory is to be added with; undefined where it can. */
export async function unsupportedDevice(
  hypervisor: Hypervisor,
  inputs: Inputs,
  { defaults }: Session,
): Promise<Reason | undefined> {
  const { enabled, device } = hotplugSettings(inputs, defaults);
  if (!enabled || device !== "virtio-mem") return undefined;
  const version = await hypervisor.version();
  if (version >= SINCE) return undefined;
  const [major, minor] = [Math.floor(version / 1_000_000), Math.floor(version / 1000) % 1000];
  const text = `hotplug.device "virtio-mem" needs libvirt 7.9 and QEMU 6.0, but ${hypervisor.uri} has libvirt ${major}.${minor}; set hotplug.device to "dimm"`;
  return { code: "unsupported-by-host", text };
}
