import type { Inputs } from "../../args/inputs.ts";
import type { ListEntry } from "../../args/match-entries.ts";
import type { ListDevice } from "../../domain/state.ts";
import type { MemoryView } from "../observed.ts";
import type { Obstacle } from "../plan.ts";
import type { DeviceKey } from "./match-devices.ts";

/**
 * What a change of a device needs:
 * - `none`: nothing, it is the same;
 * - `live`: the device of the running domain is changed;
 * - `reattach`: it is detached, and attached as it is to be;
 * - `nextBoot`: it is changed in the definition.
 */
export type DeviceChange = "none" | "live" | "reattach" | "nextBoot";

/** What distinguishes the lists of devices: everything else about their plans is the same. */
export interface DeviceKind<Entry extends { name?: string }, State> {
  field: "disks" | "interfaces";
  device: ListDevice["device"];
  /** The list of a program; undefined while a part of it isn't known. */
  list(inputs: Partial<Inputs>): Entry[] | undefined;
  entry(entry: Entry): ListEntry;
  alias(entry: Entry): string | undefined;
  /** The devices of a domain; undefined where they weren't read. */
  devices(view: MemoryView | undefined): State[] | undefined;
  /** The devices that a list makes. */
  made(entries: Entry[]): State[];
  /** By what a device is found. */
  key(state: State): DeviceKey;
  /**
   * An entry's device.
   *
   * @param present the device that it is now
   * @param taken devices whose place in the domain isn't free
   */
  wanted(entries: Entry[], present: (State | undefined)[], taken: State[]): State[];
  change(wanted: State, found: State): DeviceChange;
  /** Why such a device can't be attached to or detached from a running domain. */
  unpluggable(state: State, view: MemoryView): Obstacle | undefined;
  /** Why a device that could be plugged in can't be attached with its options. */
  unattachable(state: State): Obstacle | undefined;
  /** Why this one must not be detached. */
  indispensable(state: State, view: MemoryView): Obstacle | undefined;
  /** How many ports the devices take that are plugged in. */
  ports(states: State[], view: MemoryView): number;
  /** `"data" (/var/lib/data.qcow2)`, without the kind. */
  describe(name: string | undefined, state: State): string;
  asDevice(state: State): ListDevice;
  /** A device for a running domain: with an alias, by which it is recognized as ours, and without options for the boot. */
  attached(state: State): State;
  /** A device after a change of the running domain, which keeps the options that only a new device can have. */
  updated(state: State, found: State): State;
}
