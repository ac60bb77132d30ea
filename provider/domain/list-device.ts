import { diskXml } from "./disks.ts";
import { interfaceXml } from "./interfaces.ts";
import type { ListDevice } from "./state.ts";

/** The XML of a disk or a network interface, as it is attached or changed. */
export function listDeviceXml({ device, state }: ListDevice): string {
  return device === "disk" ? diskXml(state) : interfaceXml(state);
}
