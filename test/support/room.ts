import type { StackOnLab } from "./stack-on-lab.ts";

type Properties = Record<string, unknown>;

/** What the state has of a domain, and what its outputs say that it can still do live. */
export async function recordedRoom(stack: StackOnLab, name: string) {
  const { deployment } = JSON.parse(await stack.stateText());
  const resource = deployment.resources.find(({ urn }: { urn: string }) => urn.endsWith(`::${name}`));
  const { inputs, outputs }: { inputs: Properties; outputs: Properties } = resource;
  return { inputs, outputs, room: roomIn(outputs) };
}

/** In the form of the input `headroom`. */
function roomIn({ memorySlots, memoryDevices, reachable, reachableVcpus = [] }: Properties): Properties {
  const devices = memoryDevices as { model: string }[];
  const used = devices.filter(({ model }) => model === "dimm").length;
  return { slots: Math.max(0, Number(memorySlots) - used), memory: reachable, vcpus: reachableVcpus };
}
