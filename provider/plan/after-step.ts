import { defined } from "../defined.ts";
import { type CardState, countedSize, type DiskState, type MemoryDevice } from "../domain/state.ts";
import { spreadVcpus } from "../units/spread-vcpus.ts";
import { presentDevice } from "./device-list/present-device.ts";
import type { MemoryView, Observed } from "./observed.ts";
import type { DeviceStep, MemoryDefinition, Step, VcpuDefinition, VirtioMemPlan } from "./plan.ts";

/**
 * What a domain is like after a step, as libvirt makes it.
 *
 * @throws Error where libvirt would refuse the step
 */
export function afterStep(observed: Observed, step: Step): Observed {
  const { live, nextBoot, persistent } = observed;
  switch (step.kind) {
    case "attach": {
      if (live === undefined) throw new Error("nothing runs that could take a DIMM");
      const { size, node, slot, alias, base } = step.dimm;
      if (live.devices.some((device) => device.slot === slot)) throw new Error(`slot ${slot} is taken`);
      const devices = [
        ...live.devices,
        { model: "dimm" as const, size, node, slot, alias, ...(base && { base }) },
      ];
      const { memory, currentMemory } = live;
      return {
        ...observed,
        live: { ...live, memory: memory + size, currentMemory: currentMemory + size, devices },
      };
    }
    case "resize": {
      const { alias, requested } = step.device;
      const resized = live?.devices.find((device) => device.alias === alias);
      if (live === undefined || resized === undefined) throw new Error(`there is no ${alias} to resize`);
      if (requested > resized.size) throw new Error(`${alias} holds less than ${requested} KiB`);
      const change = requested - (resized.requested ?? 0);
      const memory = live.memory + change;
      const currentMemory = live.currentMemory + change;
      const devices = live.devices.map((device) => (device === resized ? { ...device, requested } : device));
      return { ...observed, live: { ...live, memory, currentMemory, devices } };
    }
    case "detach": {
      const { alias } = step.dimm;
      const gone = live?.devices.find((device) => device.alias === alias);
      if (live === undefined || gone === undefined) throw new Error(`there is no ${alias} to remove`);
      const devices = live.devices.filter((device) => device !== gone);
      const { memory, currentMemory } = live;
      return {
        ...observed,
        live: {
          ...{ ...live, devices },
          memory: memory - gone.size,
          currentMemory: currentMemory - gone.size,
        },
      };
    }
    case "attachDevice":
    case "detachDevice":
    case "updateDevice":
      if (live === undefined) throw new Error("nothing runs whose devices could change");
      return { ...observed, live: withDevice(live, step) };
    case "plugVcpus":
    case "unplugVcpus": {
      if (live === undefined) throw new Error("nothing runs whose vCPUs could change");
      if (step.to > live.vcpus) throw new Error(`the running domain has at most ${live.vcpus} vCPUs`);
      return { ...observed, live: withVcpus(live, step) };
    }
    case "define": {
      if (nextBoot === undefined) throw new Error("a transient domain has no definition");
      const { definition, vcpus, fields } = step;
      const sized =
        definition === undefined ? nextBoot : withMemory(nextBoot, definition, fields.includes("numa"));
      return { ...observed, nextBoot: vcpus === undefined ? sized : withDefinedVcpus(sized, vcpus) };
    }
    case "balloon": {
      const which = step.where === "live" ? "live" : "nextBoot";
      const view = observed[which];
      if (view === undefined || step.size > view.memory) throw new Error(`no balloon leaves ${step.size}`);
      const { told: _, ...rest } = observed;
      return { ...(which === "live" ? rest : observed), [which]: { ...view, currentMemory: step.size } };
    }
    case "start":
      if (nextBoot === undefined) throw new Error("there is nothing to start");
      if (observed.saved !== undefined) throw new Error("a start would restore the saved state");
      return { ...observed, power: "running", live: nextBoot };
    case "restore": {
      const { saved, ...rest } = observed;
      if (saved === undefined) throw new Error("there is no saved state to restore");
      return { ...rest, power: "running", live: saved };
    }
    case "discard": {
      const { saved, ...rest } = observed;
      if (saved === undefined) throw new Error("there is no saved state to discard");
      return rest;
    }
    case "resume":
    case "wake": {
      const { pause: _, ...rest } = observed;
      if (observed.power !== "paused") throw new Error("only a paused domain is resumed");
      return { ...rest, power: "running" };
    }
    case "stop":
      return { power: "off", persistent, ...(nextBoot && { nextBoot }) };
    case "changePassword":
      if (live === undefined) throw new Error("nothing runs that has graphics");
      return observed;
    case "makeDisk":
    case "resizeDisk": {
      const { key, size } = step.disk;
      return { ...observed, images: { ...observed.images, [key]: size } };
    }
    case "deleteImage":
    case "autostart":
      return observed;
    case "replace":
      throw new Error("a replace is not carried out step by step");
  }
}

/** The devices of a domain after a step for one of them. */
function withDevice(live: MemoryView, step: DeviceStep): MemoryView {
  // A list that the state leaves out is as the program makes it, before this update and after it.
  if ((step.device === "disk" ? live.disks : live.cards) === undefined) return live;
  const isAttach = step.kind === "attachDevice";
  const present = presentDevice(step, live);
  if (isAttach && present !== undefined) throw new Error(`the ${step.device} is attached already`);
  if (step.kind === "detachDevice" && present === undefined)
    throw new Error(`no such ${step.device} to detach`);
  const state = step.kind === "detachDevice" ? [] : [step.state];
  if (step.device === "disk") {
    const { disks = [] } = live;
    const place = step.state.target;
    const others = disks.filter(({ target }) => target !== place);
    return { ...live, disks: [...others, ...(state as DiskState[])] };
  }
  const others = (live.cards ?? []).filter(({ mac }) => mac !== step.state.mac);
  return { ...live, cards: [...others, ...(state as CardState[])] };
}

/** libvirt counts the total itself where there are cells (virDomainDefPostParseMemory). */
function withMemory(nextBoot: MemoryView, definition: MemoryDefinition, otherNodes: boolean): MemoryView {
  const before = otherNodes || nextBoot.cells.length === 0 ? definition.cells : nextBoot.cells;
  if (before.length !== definition.cells.length)
    throw new Error(`there are ${nextBoot.cells.length} cells, and ${definition.cells.length} are to be set`);
  const { maxMemory: _, ...rest } = nextBoot;
  const devices = withVirtioMem(
    rest.devices.filter(({ alias }) => !definition.removeAliases.includes(alias ?? "")),
    definition.virtioMem ?? [],
  );
  const cells = before.map((cell) => ({
    ...cell,
    memory: definition.cells.find(({ id }) => id === cell.id)?.memory ?? Number.NaN,
  }));
  const memory =
    cells.length === 0
      ? definition.memory
      : [...cells.map((cell) => cell.memory), ...devices.map(countedSize)].reduce((a, b) => a + b, 0);
  const ceiling = definition.maxMemory && { maxMemory: definition.maxMemory };
  return { ...rest, devices, cells, memory, currentMemory: definition.currentMemory ?? memory, ...ceiling };
}

/** What was there when the domain was started can't be removed, unless its definition lists it as removable. */
function withVcpus(live: MemoryView, { from, to }: { from: number; to: number }): MemoryView {
  const { currentVcpus: _, fixedVcpus = `0-${from - 1}`, ...rest } = live;
  return { ...rest, fixedVcpus, ...(to !== live.vcpus && { currentVcpus: to }) };
}

function withDefinedVcpus(nextBoot: MemoryView, { current, maximum, topology }: VcpuDefinition): MemoryView {
  const { currentVcpus: _, ...rest } = nextBoot;
  const lists = spreadVcpus(
    nextBoot.cells.map(({ cpus }) => cpus),
    maximum,
  );
  return {
    ...rest,
    vcpus: maximum,
    cells: nextBoot.cells.map(({ cpus: __, ...cell }, index) => ({
      ...cell,
      ...defined({ cpus: lists[index] }),
    })),
    ...(current !== maximum && { currentVcpus: current }),
    ...(topology && { topology }),
  };
}

function withVirtioMem(devices: MemoryDevice[], wanted: VirtioMemPlan[]): MemoryDevice[] {
  const isOne = (device: VirtioMemPlan) => (there: MemoryDevice) =>
    device.alias === undefined
      ? there.model === "virtio-mem" && there.node === device.node
      : there.alias === device.alias;
  const kept = devices.map((there) => {
    const { source: _, ...device } = wanted.find((one) => isOne(one)(there)) ?? {};
    return { ...there, ...device };
  });
  const made = wanted.filter((device) => !devices.some(isOne(device)));
  return [...kept, ...made.map(({ source: _, ...device }) => ({ ...device, model: "virtio-mem" as const }))];
}
