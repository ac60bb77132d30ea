import { describeImage } from "../args/disk-source.ts";
import { type CardState, vcpusOf } from "../domain/state.ts";
import { presentDevice } from "../plan/device-list/present-device.ts";
import type { MemoryView, Observed } from "../plan/observed.ts";
import { describePause, pauseOf } from "../plan/pause.ts";
import {
  type DeviceStep,
  type DimmPlan,
  isDeviceStep,
  type MemoryDefinition,
  type Step,
  type VcpuDefinition,
} from "../plan/plan.ts";
import { formatSlots, formatTopology } from "../plan/text.ts";
import { hasVirtioMem } from "../plan/virtio-mem/definition.ts";
import { formatBytes } from "../units/bytes.ts";
import type { Kib } from "../units/kib.ts";
import { formatSize } from "../units/size.ts";

/** One thing that is promised, as it should be and as it was found. */
export interface Figure {
  what: string;
  wanted: string | number;
  found: string | number;
}

/**
 * What a step promised, as it is in the domain.
 *
 * @param movesDimm a hook may have put the DIMM into another slot
 */
export function stepFigures(step: Step, observed: Observed, movesDimm: boolean): Figure[] {
  if (step.kind === "attach") return dimmFigures(step.dimm, observed, movesDimm);
  if (step.kind === "detach") {
    const { alias } = step.dimm;
    const isThere = observed.live?.devices.some((device) => device.alias === alias) === true;
    return [{ what: alias, wanted: "removed", found: isThere ? "in the running domain" : "removed" }];
  }
  if (step.kind === "resize") {
    const { alias, requested } = step.device;
    const found = observed.live?.devices.find((device) => device.alias === alias);
    return [sizeFigure(`the requested size of ${alias}`, requested, found?.requested)];
  }
  if (step.kind === "resizeDisk" || step.kind === "makeDisk") {
    const { key, source, size } = step.disk;
    const found = observed.images?.[key];
    return [
      {
        what: describeImage(source),
        wanted: formatBytes(size),
        found: found === undefined ? "unknown" : formatBytes(found),
      },
    ];
  }
  if (isDeviceStep(step)) return deviceFigures(step, observed);
  if (step.kind === "resume" || step.kind === "wake") {
    const pause = pauseOf(observed);
    return [{ what: "the guest", wanted: "running", found: pause ? describePause(pause) : "running" }];
  }
  if (step.kind === "discard")
    return [{ what: "the saved state", wanted: "removed", found: observed.saved ? "there" : "removed" }];
  if (step.kind === "balloon" && step.where === "definition")
    return [sizeFigure("the balloon target in the definition", step.size, observed.nextBoot?.currentMemory)];
  // A definition that is written from the program's XML has its total in common with the planned one.
  if (step.kind !== "define" || step.fields.includes("xml")) return [];
  const { definition, vcpus } = step;
  return [
    ...(definition === undefined ? [] : definitionFigures(definition, observed.nextBoot)),
    ...(vcpus === undefined ? [] : definedVcpuFigures(vcpus, observed.nextBoot)),
  ];
}

function definedVcpuFigures(
  { current, maximum, topology }: VcpuDefinition,
  nextBoot: MemoryView | undefined,
): Figure[] {
  const found = nextBoot?.topology && formatTopology(nextBoot.topology);
  return [
    vcpuFigure("the number of vCPUs in the definition", current, nextBoot),
    { what: "the maximum of vCPUs in the definition", wanted: maximum, found: nextBoot?.vcpus ?? "unknown" },
    ...(topology === undefined
      ? []
      : [
          {
            what: "the CPU topology in the definition",
            wanted: formatTopology(topology),
            found: found ?? "none",
          },
        ]),
  ];
}

export function vcpuFigure(what: string, wanted: number, view: MemoryView | undefined): Figure {
  return { what, wanted, found: view === undefined ? "unknown" : vcpusOf(view) };
}

/** What the running domain must have, or must no longer have. */
function deviceFigures(step: DeviceStep, { live }: Observed): Figure[] {
  const found = presentDevice(step, live);
  const place = step.device === "disk" ? step.state.target : step.state.mac;
  const where = (isThere: boolean) => (isThere ? "in the running domain" : "missing");
  const isWanted = step.kind !== "detachDevice";
  const presence = { what: place, wanted: where(isWanted), found: where(found !== undefined) };
  if (!isWanted || found === undefined || step.device === "disk") return [presence];
  const card = found as CardState;
  const connection = ({ kind, source = "" }: CardState) => `${kind} ${source}`.trim();
  return [
    presence,
    { what: `the connection of ${place}`, wanted: connection(step.state), found: connection(card) },
    { what: `the link of ${place}`, wanted: step.state.link ?? "up", found: card.link ?? "up" },
  ];
}

function dimmFigures(dimm: DimmPlan, { live }: Observed, movesDimm: boolean): Figure[] {
  const { alias, size, node, slot } = dimm;
  const found = live?.devices.find((device) => device.alias === alias);
  if (found === undefined) return [{ what: alias, wanted: "in the running domain", found: "missing" }];
  return [
    sizeFigure(alias, size, found.size),
    { what: `the node of ${alias}`, wanted: node, found: found.node ?? 0 },
    ...(movesDimm || found.slot === undefined
      ? []
      : [{ what: `the slot of ${alias}`, wanted: slot, found: found.slot }]),
  ];
}

function definitionFigures(definition: MemoryDefinition, nextBoot: MemoryView | undefined): Figure[] {
  const { memory, cells, maxMemory, currentMemory = memory } = definition;
  const cellsOf = (view: { cells: { id: number; memory: Kib }[] } | undefined) =>
    view?.cells.map((cell) => `${formatSize(cell.memory)} on node ${cell.id}`).join(", ") || "none";
  const ceiling = (view: { maxMemory?: { size: Kib; slots?: number } } | undefined) =>
    view?.maxMemory === undefined
      ? "unset"
      : `${formatSize(view.maxMemory.size)} in ${formatSlots(view.maxMemory.slots ?? 0)}`;
  const hasDevices =
    nextBoot !== undefined &&
    hasVirtioMem(definition.virtioMem ?? [], nextBoot) &&
    !nextBoot.devices.some(({ alias }) => alias !== undefined && definition.removeAliases.includes(alias));
  return [
    sizeFigure("the memory in the definition", memory, nextBoot?.memory),
    sizeFigure("the balloon target in the definition", currentMemory, nextBoot?.currentMemory),
    {
      what: "the memory of the nodes in the definition",
      wanted: cellsOf({ cells }),
      found: cellsOf(nextBoot),
    },
    {
      what: "maxMemory in the definition",
      wanted: ceiling({ ...(maxMemory && { maxMemory }) }),
      found: ceiling(nextBoot),
    },
    {
      what: "the set of memory devices in the definition",
      wanted: "as planned",
      found: hasDevices ? "as planned" : "another one",
    },
  ];
}

export function sizeFigure(what: string, wanted: Kib, found: Kib | undefined): Figure {
  return { what, wanted: formatSize(wanted), found: found === undefined ? "unknown" : formatSize(found) };
}
