import { scsiControllerXml } from "../../domain/disks.ts";
import { listDeviceXml } from "../../domain/list-device.ts";
import type { ListDevice } from "../../domain/state.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import { presentDevice } from "../../plan/device-list/present-device.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";
import type { UpdateContext } from "../context.ts";

/** Attaches a disk or a network interface to the running domain. */
export const attachDevice: Action<Extract<Step, { kind: "attachDevice" }>> = {
  async run(step, context, { now }) {
    const { hypervisor, domain } = context;
    if (presentDevice(step, now.observed.live) !== undefined) return now;
    await attachController(step, context, now);
    await hypervisor.attachDevice(domain, listDeviceXml(step), { live: true });
    return observe(hypervisor, domain, { running: true });
  },
};

/** Changes a device of the running domain: the medium of a drive, what a card is connected to, its link. */
export const updateDevice: Action<Extract<Step, { kind: "updateDevice" }>> = {
  async run(step, { hypervisor, domain }) {
    await hypervisor.updateDevice(domain, listDeviceXml(step), { live: true });
    return observe(hypervisor, domain, { running: true });
  },
};

/** libvirt would add a controller of another model by itself. */
async function attachController(
  step: ListDevice,
  { hypervisor, domain }: UpdateContext,
  { observed }: Observation,
): Promise<void> {
  if (step.device !== "disk" || step.state.bus !== "scsi" || observed.live?.hasScsi === true) return;
  await hypervisor.attachDevice(domain, scsiControllerXml(), { live: true });
}
