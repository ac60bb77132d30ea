import { defined } from "../defined.ts";
import { type CardState, countedSize, type DiskState, type MemoryDevice } from "../domain/state.ts";
import type { Kib } from "../units/kib.ts";
import { spreadVcpus } from "../units/spread-vcpus.ts";
import { presentDevice } from "./device-list/present-device.ts";
import type { MemoryView, Observed } from "./observed.ts";
import type { DeviceStep, MemoryDefinition, Step, VcpuDefinition, VirtioMemPlan } from "./plan.ts";

type After = {
  readonly [Kind in Step["kind"]]: (observed: Observed, step: Extract<Step, { kind: Kind }>) => Observed;
};

/**
 * What a domain is like after a step, as libvirt makes it.
 *
 * @throws Error where libvirt would refuse the step
 */
export function afterStep(observed: Observed, step: Step): Observed {
  // TypeScript doesn't relate a row's function to the step of the same kind.
  const after = AFTER[step.kind] as (observed: Observed, step: Step) => Observed;
  return after(observed, step);
}

const unchanged = (observed: Observed) => observed;

const AFTER: After = {
  attach: afterAttach,
  resize: afterResize,
  detach: afterDetach,
  attachDevice: afterDevice,
  detachDevice: afterDevice,
  updateDevice: afterDevice,
  plugVcpus: afterVcpus,
  unplugVcpus: afterVcpus,
  define: afterDefine,
  balloon: afterBalloon,
  start: afterStart,
  restore: (observed) => {
    const [saved, rest] = withoutSaved(observed);
    return { ...rest, power: "running", live: saved };
  },
  discard: (observed) => withoutSaved(observed)[1],
  resume: afterResume,
  wake: afterResume,
  stop: ({ persistent, nextBoot }) => ({ power: "off", persistent, ...(nextBoot && { nextBoot }) }),
  changePassword: (observed) => {
    running(observed);
    return observed;
  },
  makeDisk: afterDisk,
  resizeDisk: afterDisk,
  deleteImage: unchanged,
  autostart: unchanged,
  replace: () => {
    throw new Error("a replace is not carried out step by step");
  },
};

function running({ live }: Observed): MemoryView {
  if (live === undefined) throw new Error("the domain doesn't run");
  return live;
}

function afterAttach(observed: Observed, { dimm }: Extract<Step, { kind: "attach" }>): Observed {
  const live = running(observed);
  const { size, node, slot, alias, base } = dimm;
  if (live.devices.some((device) => device.slot === slot)) throw new Error(`slot ${slot} is taken`);
  const added = { model: "dimm" as const, size, node, slot, alias, ...(base && { base }) };
  return { ...observed, live: resized({ ...live, devices: [...live.devices, added] }, size) };
}

function afterResize(observed: Observed, { device }: Extract<Step, { kind: "resize" }>): Observed {
  const live = running(observed);
  const { alias, requested } = device;
  const present = memoryDevice(live, alias);
  if (requested > present.size) throw new Error(`${alias} holds less than ${requested} KiB`);
  const devices = live.devices.map((one) => (one === present ? { ...one, requested } : one));
  return { ...observed, live: resized({ ...live, devices }, requested - (present.requested ?? 0)) };
}

function afterDetach(observed: Observed, { dimm }: Extract<Step, { kind: "detach" }>): Observed {
  const live = running(observed);
  const gone = memoryDevice(live, dimm.alias);
  const devices = live.devices.filter((device) => device !== gone);
  return { ...observed, live: resized({ ...live, devices }, -gone.size) };
}

function memoryDevice({ devices }: MemoryView, alias: string | undefined): MemoryDevice {
  const found = devices.find((device) => device.alias === alias);
  if (found === undefined) throw new Error(`the running domain has no ${alias}`);
  return found;
}

/** The balloon keeps what it has taken. */
function resized(live: MemoryView, change: Kib): MemoryView {
  return { ...live, memory: live.memory + change, currentMemory: live.currentMemory + change };
}

function afterDevice(observed: Observed, step: DeviceStep): Observed {
  return { ...observed, live: withDevice(running(observed), step) };
}

function afterVcpus(observed: Observed, step: { from: number; to: number }): Observed {
  const live = running(observed);
  if (step.to > live.vcpus) throw new Error(`the running domain has at most ${live.vcpus} vCPUs`);
  return { ...observed, live: withVcpus(live, step) };
}

function afterDefine(
  observed: Observed,
  { definition, vcpus, fields }: Extract<Step, { kind: "define" }>,
): Observed {
  const { nextBoot } = observed;
  if (nextBoot === undefined) throw new Error("a transient domain has no definition");
  const sized =
    definition === undefined ? nextBoot : withMemory(nextBoot, definition, fields.includes("numa"));
  return { ...observed, nextBoot: vcpus === undefined ? sized : withDefinedVcpus(sized, vcpus) };
}

function afterBalloon(observed: Observed, step: Extract<Step, { kind: "balloon" }>): Observed {
  const which = step.where === "live" ? "live" : "nextBoot";
  const view = observed[which];
  if (view === undefined || step.size > view.memory) throw new Error(`no balloon leaves ${step.size}`);
  const { told: _, ...rest } = observed;
  return { ...(which === "live" ? rest : observed), [which]: { ...view, currentMemory: step.size } };
}

function afterStart(observed: Observed): Observed {
  const { nextBoot, saved } = observed;
  if (nextBoot === undefined) throw new Error("there is nothing to start");
  if (saved !== undefined) throw new Error("a start would restore the saved state");
  return { ...observed, power: "running", live: nextBoot };
}

function withoutSaved({ saved, ...rest }: Observed): [MemoryView, Observed] {
  if (saved === undefined) throw new Error("there is no saved state");
  return [saved, rest];
}

function afterResume({ pause: _, ...rest }: Observed): Observed {
  if (rest.power !== "paused") throw new Error("only a paused domain is resumed");
  return { ...rest, power: "running" };
}

function afterDisk(
  observed: Observed,
  { disk: { key, size } }: Extract<Step, { kind: "makeDisk" | "resizeDisk" }>,
): Observed {
  return { ...observed, images: { ...observed.images, [key]: size } };
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
