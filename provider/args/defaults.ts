import type { Kib } from "../units/kib.ts";
import { KIB_PER_MIB } from "../units/kib.ts";
import type { Fallback, Inputs, OnlinePolicy, PlugDevice } from "./inputs.ts";

/** What applies where a program says nothing: a stack's configuration may set each of them. */
export interface Defaults {
  /** `libvirt-hotplug:enabled` */
  enabled: boolean;
  /** `libvirt-hotplug:alignment` */
  alignment: Kib;
  /** `libvirt-hotplug:memorySlots` */
  memorySlots: number;
  /** `libvirt-hotplug:whenNotPossible` */
  whenNotPossible: Fallback;
  /** `libvirt-hotplug:applyOn` */
  applyOn: "now" | "nextBoot";
  /** `libvirt-hotplug:device` */
  device: PlugDevice;
  /** `libvirt-hotplug:allowUnplug` */
  allowUnplug: boolean;
  /** `libvirt-hotplug:heal` */
  heal: boolean;
  /** `libvirt-hotplug:online` */
  online: OnlinePolicy;
  /** `libvirt-hotplug:awaitGuest`: seconds. */
  awaitGuest: number | false;
  /** `libvirt-hotplug:maxMemory32Bit`: the most that a 32-bit guest may ever have. */
  cap32Bit: Kib;
  /** `libvirt-hotplug:maxMemory64Bit` */
  cap64Bit: Kib;
  /** `libvirt-hotplug:allowDowntime`: false forbids every restart and replace that a change of memory would bring. */
  allowDowntime: boolean;
}

/** oVirt's: 256 MiB, 16 slots, VM32BitMaxMemorySizeInMB 20480 and VM64BitMaxMemorySizeInMB 4194304. */
export const DEFAULTS: Defaults = {
  enabled: true,
  alignment: 256 * KIB_PER_MIB,
  memorySlots: 16,
  whenNotPossible: "replace",
  applyOn: "now",
  device: "dimm",
  allowUnplug: false,
  heal: true,
  online: "agent",
  awaitGuest: 60,
  cap32Bit: 20_480 * KIB_PER_MIB,
  cap64Bit: 4_194_304 * KIB_PER_MIB,
  allowDowntime: true,
};

/** How long a guest is waited for: `hotplug.awaitGuest`. */
export function secondsToAwait({ hotplug }: Inputs, { awaitGuest }: Defaults): number | false {
  return hotplug?.awaitGuest ?? awaitGuest;
}
