import type { Inputs } from "../args/inputs.ts";
import { DEFAULT_VCPUS } from "../args/max-vcpus.ts";
import type { Defaults } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { buildDomain } from "../domain/build.ts";
import { type DomainOverlay, overlay } from "../domain/overlay.ts";
import { readXml } from "../domain/parse.ts";
import { withFreePorts } from "../domain/ports.ts";
import { readCells, readDevices } from "../domain/read.ts";
import type { DomainSpec, VirtioMemSpec } from "../domain/spec.ts";
import { countedSize, type MemoryDevice } from "../domain/state.ts";
import { attribute } from "../domain/tree.ts";
import { socketForEachNode, vcpusOfCells } from "../domain/vcpus.ts";
import type { Host } from "../observe/host.ts";
import { ceilingFor } from "../plan/definition/folded.ts";
import { type DesiredMemory, desiredMemory } from "../plan/desired.ts";
import { type CellPlan, cellsFor } from "../plan/numa/cells.ts";
import { targetNodes } from "../plan/numa/spread.ts";
import type { Platform } from "../plan/platform.ts";
import { definedDevices } from "../plan/virtio-mem/devices.ts";
import { type Kib, sum } from "../units/kib.ts";
import { STORED_FIELDS, specOf, specOfAll } from "./parts.ts";
import { type DomainType, hugePageOf, platformInXml, platformOf } from "./platform.ts";

/**
 * The definition that the arguments ask for, with every default applied. All values must be known.
 *
 * @param type the stack's
 * @param defaults the stack's
 */
export function domainSpec(inputs: Inputs, host: Host, type: DomainType, defaults: Defaults): DomainSpec {
  const desired = desiredMemory(inputs, defaults);
  if (desired === undefined) throw new Error(`the memory of ${inputs.name} isn't known`);
  const platform = platformOf(inputs, host.arch);
  const { arch, firmware, acpi } = platform;
  const target = { type: type ?? (host.kvm.has(arch) ? "kvm" : "qemu"), arch, firmware, acpi } as const;
  const own = inputs.xml === undefined ? undefined : readXml(inputs.xml);
  // The memory devices in the program's own XML add to the memory of the cells.
  const ownDevices = own === undefined ? [] : readDevices(own);
  const ownCells = own === undefined || inputs.numa !== undefined ? [] : readCells(own);
  const cells =
    ownCells.length > 0 ? ownCells : cellsFor(desired, inputs.machine, sum(ownDevices.map(countedSize)));
  const pageSize = hugePageOf(inputs);
  const virtioMem = virtioMemFor(desired, cells, {
    ...platform,
    devices: ownDevices,
    ...defined({ pageSize }),
  });
  const hasVirtioMem = virtioMem.length > 0;
  return {
    ...target,
    name: inputs.name,
    uuid: inputs.uuid,
    ownership: { version: 1, urn: inputs.__urn, creating: false },
    cells: cells.map(({ memory, cpus }) => defined({ memory, cpus })),
    ...(inputs.numa === undefined && { keepsNodes: true }),
    ...ceilingFor(desired, { ...platform, devices: ownDevices }),
    ...defined({
      virtioMem: hasVirtioMem ? virtioMem : undefined,
      currentMemory: hasVirtioMem ? undefined : desired.currentMemory,
    }),
    hotplugPorts: inputs.hotplugPorts ?? defaults.hotplugPorts,
    ...vcpuSpec(inputs, cells),
    ...specOfAll(inputs, target),
  };
}

/** A new domain has one socket for each node, unless the program or its XML decides. */
function vcpuSpec(
  { vcpus = DEFAULT_VCPUS, maxVcpus, cpuTopology, xml }: Inputs,
  cells: CellPlan[],
): Pick<DomainSpec, "vcpus" | "maxVcpus" | "topology"> {
  const maximum = Math.max(vcpus, maxVcpus ?? vcpus);
  const lists = vcpusOfCells(cells, vcpus, maximum);
  const isLeftOut = maxVcpus === undefined || maximum === 1 || xml !== undefined;
  const topology = cpuTopology ?? (isLeftOut ? undefined : socketForEachNode(lists, maximum));
  return {
    vcpus,
    maxVcpus: maximum,
    ...(topology && { topology: { dies: 1, threads: 1, ...topology } }),
  };
}

/** The virtio-mem devices that a new domain gets, in addition to those in the program's own XML. */
export function virtioMemFor(
  desired: DesiredMemory,
  cells: CellPlan[],
  definition: Platform & { devices: MemoryDevice[]; pageSize?: Kib },
): VirtioMemSpec[] {
  if (desired.device !== "virtio-mem" || ceilingFor(desired, definition).maxMemory === undefined) return [];
  const nodes = targetNodes(desired, { cells });
  return definedDevices(desired, nodes, cells, definition).flatMap(({ alias, ...device }) =>
    alias === undefined ? [] : [{ alias, ...device }],
  );
}

/** A whole definition: built from the arguments, or the program's own XML with the arguments merged into it. */
export function definitionXml(inputs: Inputs, spec: DomainSpec, type: DomainType): string {
  const xml =
    inputs.xml === undefined
      ? buildDomain(spec)
      : overlay(inputs.xml, overlaySpec(inputs, spec, inputs.xml, type));
  return withFreePorts(xml, spec.hotplugPorts);
}

/**
 * What is merged into the program's own XML: identity and memory, the arguments that the program sets, and what libvirt
 * requires where the XML lacks it. The XML decides the rest.
 */
function overlaySpec(inputs: Inputs, spec: DomainSpec, xml: string, type: DomainType): DomainOverlay {
  const { name, uuid, cells, maxMemory, virtioMem, currentMemory, ownership, topology } = spec;
  const hasType = attribute(readXml(xml), "type") !== undefined;
  const hasPlatform = platformInXml(inputs) !== undefined;
  const set = STORED_FIELDS.filter((field) => inputs[field] !== undefined);
  return {
    ...{ name, uuid, cells },
    ...defined({ maxMemory, virtioMem, currentMemory, ownership, topology }),
    ...defined({ vcpus: inputs.vcpus, maxVcpus: inputs.maxVcpus }),
    ...(type === undefined && hasType ? {} : { type: spec.type }),
    ...specOf(hasPlatform ? set : ["arch", "firmware", ...set], inputs, spec),
    // At the places that they have in a definition already.
    ...(set.includes("disks") && { disks: spec.disks }),
    ...(set.includes("interfaces") && { interfaces: spec.interfaces }),
  };
}
