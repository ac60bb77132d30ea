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
function roomIn({ state, memorySlots, liveMemorySlots, memoryDevices, ...live }: Properties): Properties {
  const { reachable: memory, reachableVcpus: vcpus = [] } = live;
  const used = (memoryDevices as { model: string }[]).filter(({ model }) => model === "dimm").length;
  return {
    ...(state === "shutoff" && { running: false }),
    slots: Math.max(0, Number(liveMemorySlots ?? memorySlots) - used),
    ...(liveMemorySlots !== undefined && { liveMemorySlots }),
    ...{ memory, vcpus },
  };
}
