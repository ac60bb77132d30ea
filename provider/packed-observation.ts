import { isDeepStrictEqual } from "node:util";
import { defined } from "./defined.ts";
import type { Cell, CpuTopology } from "./domain/state.ts";
import type { Outputs } from "./outputs.ts";
import type { MemoryView, Observed, ObservedDevice } from "./plan/observed.ts";
import type { Kib } from "./units/kib.ts";
import { readCanonicalSize } from "./units/size.ts";

/**
 * The observation in the state from format 2 on: without what follows from the rest of it, and from format 3 on without what
 * follows from the other outputs. The file back end writes the whole state at each step of an update, so the cost of what a
 * domain takes there grows with the square of the number of domains (docs/decisions/0008-size-of-a-state-entry.md).
 */
export interface PackedObserved extends Partial<Omit<Observed, "live" | "nextBoot" | "saved">> {
  live?: PackedView;
  /** Left out where it is the same as `live`, and `persistent` is left out as well. */
  nextBoot?: PackedView;
  saved?: PackedView;
}

interface PackedView extends Partial<Omit<MemoryView, "cells" | "written" | "maxMemory" | "topology">> {
  cells?: Partial<Cell>[];
  maxMemory?: MemoryView["maxMemory"] | typeof NO_MAXIMUM;
  /** "": undefined. */
  arch?: string;
  /** Of a domain whose outputs have `maxVcpus`: 0, 0 and "" are undefined. */
  currentVcpus?: number;
  topology?: CpuTopology | typeof NO_TOPOLOGY;
  fixedVcpus?: string;
  /** 0: undefined; left out: the same as `memory`. */
  written?: Kib;
}

/** What a view has where its packed form leaves it out. */
type Implied = Pick<Partial<MemoryView>, "memory" | "maxMemory" | "arch" | "currentVcpus" | "fixedVcpus"> &
  Pick<MemoryView, "vcpus" | "devices"> & {
    /** One socket for each node. */
    hasTopology?: boolean;
  };

/** The first one in which it leaves out what the other outputs have. */
export const IMPLIED_SINCE = 3;

type View = "live" | "nextBoot" | "saved";

/** The output with the memory of each view. */
export const MEMORY_OUTPUT = {
  live: "liveMemory",
  nextBoot: "nextBootMemory",
  saved: "savedMemory",
} as const;

/** What the other outputs say of the views. `shown`: the view whose devices are the output `memoryDevices`. */
function impliedBy(outputs: Partial<Outputs>, shown: View): (view: View) => Implied {
  const { __stateVersion: version = 0, maxMemory, memorySlots: slots, arch = "x86_64" } = outputs;
  if (version < IMPLIED_SINCE) return () => ({ vcpus: 1, devices: [] });
  const ceiling =
    maxMemory === undefined ? undefined : defined({ size: readCanonicalSize(maxMemory), slots });
  return (view) => {
    const memory = outputs[MEMORY_OUTPUT[view]];
    return defined({
      ...{ arch, maxMemory: ceiling, ...impliedVcpus(outputs) },
      memory: memory === undefined ? undefined : readCanonicalSize(memory),
      devices: view === shown ? (outputs.memoryDevices ?? []).map(observedDevice) : [],
    });
  };
}

/** A memory device as its output describes it: only what isn't an output is missing. */
function observedDevice(output: Record<string, unknown>): ObservedDevice {
  const size = (name: string) =>
    typeof output[name] === "string" ? { [name]: readCanonicalSize(output[name]) } : {};
  return {
    ...output,
    ...size("size"),
    ...size("requested"),
    ...size("current"),
  } as unknown as ObservedDevice;
}

/** What this provider gives a new domain. An earlier version gave it its vCPUs only. */
function impliedVcpus({
  vcpus = 1,
  maxVcpus,
}: Partial<Outputs>): Omit<Implied, "memory" | "maxMemory" | "arch" | "devices"> {
  if (maxVcpus === undefined) return { vcpus };
  const currentVcpus = vcpus === maxVcpus ? undefined : vcpus;
  return { vcpus: maxVcpus, hasTopology: maxVcpus > 1, ...defined({ currentVcpus }), fixedVcpus: "0" };
}

function impliedTopology(
  { hasTopology = false }: Implied,
  vcpus: number,
  nodes: number,
): CpuTopology | undefined {
  const cores = vcpus / nodes;
  return hasTopology && Number.isInteger(cores) ? { sockets: nodes, dies: 1, cores, threads: 1 } : undefined;
}

/** `outputs`: those beside which the state keeps it. */
export function packObservation(observed: Observed, outputs: Partial<Outputs>): PackedObserved {
  const { power, persistent, live, nextBoot, saved, ...rest } = observed;
  const implied = impliedBy(outputs, live === undefined ? "nextBoot" : "live");
  const views = {
    live: live && packView(live, implied("live")),
    nextBoot: nextBoot && packView(nextBoot, implied("nextBoot")),
  };
  const isSame = live !== undefined && isDeepStrictEqual(views.nextBoot, ofDefinition(views.live));
  return defined({
    power: power === "running" ? undefined : power,
    persistent: persistent && (live === undefined || nextBoot !== undefined) ? undefined : persistent,
    live: views.live,
    nextBoot: isSame ? undefined : views.nextBoot,
    saved: saved && packView(saved, implied("saved")),
    ...rest,
  });
}

export function unpackObservation(packed: PackedObserved, outputs: Partial<Outputs>): Observed {
  const { power = "running", persistent, live, nextBoot, saved, ...rest } = packed;
  const implied = impliedBy(outputs, live === undefined ? "nextBoot" : "live");
  const definition = nextBoot ?? (persistent === undefined ? ofDefinition(live) : undefined);
  return defined({
    power,
    persistent: persistent ?? true,
    live: live && unpackView(live, implied("live")),
    nextBoot: definition && unpackView(definition, implied("nextBoot")),
    saved: saved && unpackView(saved, implied("saved")),
    ...rest,
  });
}

/** Without what only a running domain has. */
function ofDefinition(live: PackedView | undefined): PackedView | undefined {
  if (live === undefined) return undefined;
  const {
    guestBlock: _,
    domainId: __,
    freePorts: ___,
    hasScsi: ____,
    bootsKernel: _____,
    ...definition
  } = live;
  return definition;
}

function packView(view: MemoryView, implied: Implied): PackedView {
  const { memory, currentMemory, maxMemory, cells, devices, vcpus, arch, acpi, uefi, written, ...others } =
    view;
  const { currentVcpus, topology, fixedVcpus, ...rest } = others;
  const packed = cells.map((cell, index) => packCell(cell, index, view));
  const isOneWhole = packed.length === 1 && Object.keys(packed[0] ?? {}).length === 0;
  return defined({
    memory: memory === implied.memory ? undefined : memory,
    currentMemory: currentMemory === memory ? undefined : currentMemory,
    maxMemory: isDeepStrictEqual(maxMemory, implied.maxMemory) ? undefined : (maxMemory ?? NO_MAXIMUM),
    cells: isOneWhole ? undefined : packed,
    devices: isDeepStrictEqual(devices, implied.devices) ? undefined : devices,
    vcpus: vcpus === implied.vcpus ? undefined : vcpus,
    currentVcpus: currentVcpus === implied.currentVcpus ? undefined : (currentVcpus ?? 0),
    topology: isDeepStrictEqual(topology, impliedTopology(implied, vcpus, cells.length))
      ? undefined
      : (topology ?? NO_TOPOLOGY),
    fixedVcpus: fixedVcpus === implied.fixedVcpus ? undefined : (fixedVcpus ?? ""),
    arch: arch === implied.arch ? undefined : (arch ?? ""),
    acpi: acpi ? undefined : acpi,
    uefi: uefi ? uefi : undefined,
    written: written === memory ? undefined : (written ?? 0),
    ...rest,
  });
}

function unpackView(packed: PackedView, implied: Implied): MemoryView {
  const { maxMemory = implied.maxMemory, arch = implied.arch, vcpus = implied.vcpus, ...others } = packed;
  const { memory = implied.memory ?? 0, currentMemory = memory, written = memory, ...more } = others;
  const { cells = [{}], devices = implied.devices, acpi = true, uefi = false, ...vcpuDetails } = more;
  const { currentVcpus = implied.currentVcpus, fixedVcpus = implied.fixedVcpus, ...last } = vcpuDetails;
  const { topology = impliedTopology(implied, vcpus, cells.length), ...rest } = last;
  return defined({
    ...rest,
    memory,
    currentMemory,
    maxMemory: maxMemory === NO_MAXIMUM ? undefined : maxMemory,
    cells: cells.map((cell, index) => unpackCell(cell, index, { memory, vcpus })),
    devices,
    vcpus,
    currentVcpus: currentVcpus === 0 ? undefined : currentVcpus,
    topology: topology === NO_TOPOLOGY ? undefined : topology,
    fixedVcpus: fixedVcpus === "" ? undefined : fixedVcpus,
    arch: arch === "" ? undefined : arch,
    acpi,
    uefi,
    written: written === 0 ? undefined : written,
  });
}

/** What is left out of a cell where it is the same: the only node of a domain without memory devices has all of its memory. */
function impliedCell(index: number, { memory, vcpus }: Pick<MemoryView, "memory" | "vcpus">): Cell {
  return { id: index, memory, cpus: vcpus === 1 ? "0" : `0-${vcpus - 1}` };
}

function packCell(cell: Cell, index: number, view: MemoryView): Partial<Cell> {
  const { id, memory, cpus = NO_CPUS } = cell;
  const implied = impliedCell(index, view);
  return defined({
    id: id === implied.id ? undefined : id,
    memory: memory === implied.memory ? undefined : memory,
    cpus: cpus === implied.cpus ? undefined : cpus,
  });
}

function unpackCell(packed: Partial<Cell>, index: number, view: Pick<MemoryView, "memory" | "vcpus">): Cell {
  const { cpus, ...cell } = { ...impliedCell(index, view), ...packed };
  return cpus === NO_CPUS ? cell : { ...cell, ...defined({ cpus }) };
}

/** Of a cell that has none. */
const NO_CPUS = "";
/** Of a view without a topology. */
const NO_TOPOLOGY = 0 as const;
/** Of a view without a maximum. */
const NO_MAXIMUM = 0 as const;
