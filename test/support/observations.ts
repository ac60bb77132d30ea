import type { DomainState } from "../../provider/domain/state.ts";
import type { PowerState } from "../../provider/libvirt/hypervisor.ts";
import type { Observation } from "../../provider/observe/observe.ts";
import {
  type MemoryView,
  memoryView,
  type Observed,
  type ObservedDevice,
} from "../../provider/plan/observed.ts";
import { MIB } from "./scene.ts";

export const URI = "qemu:///system";

/** A domain that was made by hand. */
const HAND_MADE_UUID = "5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01";

interface Said {
  name?: string;
  uuid?: string;
  state?: PowerState;
  /** Who made or adopted it. */
  urn?: string;
}

/** What a look at libvirt gave, of a domain whose memory is this. */
export function observation(observed: Observed, said: Said = {}): Observation {
  const { name = "web-1", uuid = HAND_MADE_UUID, urn } = said;
  const view = observed.nextBoot ?? observed.live;
  if (view === undefined) throw new Error("a domain is running, defined or both");
  return {
    observed,
    power: said.state ?? (observed.power === "off" ? "shutoff" : observed.power),
    agentConnected: false,
    definition: {
      ...{ disks: [], cards: [], freePorts: 0, ...view },
      type: "qemu",
      name,
      uuid,
      pinned: false,
      ...(urn !== undefined && { ownership: { version: 1, urn, creating: false } }),
    },
  };
}

/** A running domain as its live XML has it, and its definition. */
export function runningAs(live: DomainState, nextBoot: MemoryView): Observation {
  return observation(
    { power: "running", persistent: true, live: memoryView(live), nextBoot },
    { name: live.name, uuid: live.uuid, ...(live.ownership && { urn: live.ownership.urn }) },
  );
}

/** A DIMM where the host's memory begins to be hot-plugged on x86-64: behind the PCI hole, 4 GiB and more. */
export function at(mibAbove4Gib: number, device: ObservedDevice): ObservedDevice {
  return { ...device, base: `0x${((4096 + mibAbove4Gib) * MIB * 1024).toString(16)}` };
}
