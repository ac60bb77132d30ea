import { BALLOON } from "./balloon.ts";
import { CREATION } from "./creation.ts";
import { DEFINITION } from "./definition.ts";
import { DEVICES } from "./devices.ts";
import { FALLBACK } from "./fallback.ts";
import { LIVE } from "./live.ts";
import { POWER } from "./power.ts";
import { REFUSED } from "./refused.ts";
import type { OutcomeRow } from "./row.ts";
import { SETTLED } from "./settled.ts";
import { SHRINK } from "./shrink.ts";
import { VCPUS } from "./vcpus.ts";
import { VIRTIO_MEM } from "./virtio-mem.ts";

/** All rows, under the headings of docs/outcomes.md. */
export const OUTCOMES: Record<string, OutcomeRow[]> = {
  "A new domain": CREATION,
  "On the running domain": LIVE,
  "Less memory, on the running domain": SHRINK,
  "Not on the running domain: hotplug.whenNotPossible": FALLBACK,
  "With virtio-mem: hotplug.device": VIRTIO_MEM,
  "More and fewer vCPUs": VCPUS,
  "Only the definition": DEFINITION,
  "The memory balloon: currentMemory": BALLOON,
  "Disks and network interfaces": DEVICES,
  "A domain that is saved or paused": POWER,
  "Nothing to do": SETTLED,
  "Not known, or not possible": REFUSED,
};
