import { describeImage } from "../args/disk-source.ts";
import { type CardState, countedSize, type MemoryDevice, vcpusOf } from "../domain/state.ts";
import { UserError } from "../errors.ts";
import type { Observation } from "../observe/observe.ts";
import { presentDevice } from "../plan/device-list/present-device.ts";
import { bootRounding } from "../plan/guest-block.ts";
import type { MemoryView, Observed } from "../plan/observed.ts";
import { describePause, pauseOf } from "../plan/pause.ts";
import {
  type DeviceStep,
  type DimmPlan,
  isDefine,
  isDeviceStep,
  isVcpuStep,
  type MemoryDefinition,
  type Step,
  type VcpuDefinition,
} from "../plan/plan.ts";
import { formatTopology } from "../plan/text.ts";
import { hasVirtioMem } from "../plan/virtio-mem/definition.ts";
import { formatBytes } from "../units/bytes.ts";
import type { Kib } from "../units/kib.ts";
import { formatSize } from "../units/size.ts";

type Subject = "power" | "autostart" | "live" | "definition" | "vCPUs";

/** What each kind of step is about. Somebody else may change the rest of the domain meanwhile. */
const SUBJECTS: Readonly<Record<Step["kind"], readonly Subject[]>> = {
  attach: ["power", "live"],
  detach: ["power", "live"],
  resize: ["power", "live"],
  attachDevice: ["power", "live"],
  detachDevice: ["power", "live"],
  updateDevice: ["power", "live"],
  plugVcpus: ["power", "vCPUs"],
  unplugVcpus: ["power", "vCPUs"],
  balloon: [],
  define: ["definition"],
  changePassword: ["power", "live"],
  resizeDisk: ["power"],
  makeDisk: ["power"],
  autostart: ["autostart"],
  start: ["power", "live"],
  restore: ["power", "live"],
  discard: [],
  resume: ["power"],
  wake: ["power"],
  stop: ["power"],
  replace: [],
};

/** One thing that is promised, as it should be and as it was found. */
interface Figure {
  what: string;
  wanted: string | number;
  found: string | number;
}

/**
 * Compares what a step promised with what was read back: a call that reports success may have done nothing, or half of it.
 *
 * @param movesDimm a hook may have put the DIMM into another slot
 * @throws UserError with both figures where they differ
 */
export function requireDone(step: Step, before: Observation, after: Observation, movesDimm: boolean): void {
  const promised = promisedAfter(asFound(before), step);
  const figures = [
    ...stepFigures(step, after.observed, movesDimm),
    ...domainFigures(promised, after, SUBJECTS[step.kind]),
  ];
  const text = differences(figures);
  if (text !== undefined) throw postconditionFailed(`libvirt reported success, but ${text}`);
}

/**
 * The same for the whole update, at its end.
 *
 * @throws UserError with both figures where the domain isn't as the plan promised
 */
export function requirePlanned(steps: Step[], before: Observation, now: Observation): void {
  if (steps.length === 0) return;
  const promised = steps.reduce(promisedAfter, asFound(before));
  const defined = steps.filter(isDefine).flatMap((step) => stepFigures(step, now.observed, true));
  const isSet = steps.some(({ kind }) => kind === "autostart");
  const isVcpus = steps.some(isVcpuStep);
  const subjects: Subject[] = [
    ...(["power", "live", "definition"] as const),
    ...(isSet ? (["autostart"] as const) : []),
    ...(isVcpus ? (["vCPUs"] as const) : []),
  ];
  const text = differences([...defined, ...domainFigures(promised, now, subjects)]);
  if (text !== undefined)
    throw postconditionFailed(
      `all steps were carried out, but then ${text}: someone else changed the domain`,
    );
}

/** A step that libvirt confirmed, but which the domain doesn't show. */
export function postconditionFailed(text: string): UserError {
  return new UserError(text, { code: "postcondition-failed" });
}

/** Undefined where all figures are as they should be. */
function differences(figures: Figure[]): string | undefined {
  const texts = figures
    .filter(({ wanted, found }) => wanted !== found)
    .map(({ what, wanted, found }) => `${what} is ${found} instead of ${wanted}`);
  return texts.length === 0 ? undefined : [...new Set(texts)].join("; ");
}

/** What a domain is to be, as far as steps change it. */
interface Promised {
  isOff: boolean;
  autostart: boolean;
  live: Memory | undefined;
  nextBoot: Memory | undefined;
  saved: Memory | undefined;
  /** Of the running domain, where a step has set them. */
  vcpus?: number;
  /** It was started since: POWER rounds its memory up to a block, all others to a MiB. */
  rounding: Kib;
}

interface Memory {
  total: Kib;
  /** Undefined where they aren't known in advance. */
  devices: Pick<MemoryDevice, "alias" | "model" | "size" | "requested">[] | undefined;
}

function asFound({ observed, autostart = false }: Observation): Promised {
  const { live, nextBoot, saved } = observed;
  return {
    isOff: observed.power === "off",
    autostart,
    live: live && memoryOf(live),
    nextBoot: nextBoot && memoryOf(nextBoot),
    saved: saved && memoryOf(saved),
    rounding: 0,
  };
}

function memoryOf({ memory, devices }: MemoryView): Memory {
  return { total: memory, devices };
}

/** A step that is repeated changes nothing. */
function promisedAfter(domain: Promised, step: Step): Promised {
  const { live, nextBoot } = domain;
  switch (step.kind) {
    case "attach": {
      const { alias, size } = step.dimm;
      if (live === undefined || live.devices?.some((device) => device.alias === alias)) return domain;
      const devices = live.devices && [...live.devices, { model: "dimm" as const, alias, size }];
      return { ...domain, live: { total: live.total + size, devices } };
    }
    case "detach": {
      const gone = live?.devices?.find(({ alias }) => alias === step.dimm.alias);
      if (live === undefined || gone === undefined) return domain;
      const devices = live.devices?.filter((device) => device !== gone);
      return { ...domain, live: { total: live.total - gone.size, devices } };
    }
    case "resize": {
      const { alias, requested } = step.device;
      const resized = live?.devices?.find((device) => device.alias === alias);
      if (live === undefined || resized === undefined) return domain;
      const devices = live.devices?.map((device) => (device === resized ? { ...device, requested } : device));
      return { ...domain, live: { total: live.total - countedSize(resized) + requested, devices } };
    }
    case "plugVcpus":
    case "unplugVcpus":
      return { ...domain, vcpus: step.to };
    case "define": {
      const { definition } = step;
      if (definition === undefined || nextBoot === undefined) return domain;
      const devices = nextBoot.devices && [
        ...nextBoot.devices.filter(({ alias = "" }) => !definition.removeAliases.includes(alias)),
        ...(definition.virtioMem ?? []).flatMap(({ alias, size, requested }) =>
          alias === undefined || nextBoot.devices?.some((device) => device.alias === alias)
            ? []
            : { model: "virtio-mem" as const, alias, size, requested },
        ),
      ];
      // The program's XML may have other devices of its own.
      const isKnown = !step.fields.includes("xml");
      return { ...domain, nextBoot: { total: definition.memory, devices: isKnown ? devices : undefined } };
    }
    case "start":
      return domain.isOff ? { ...domain, isOff: false, live: nextBoot, rounding: 1 } : domain;
    case "restore":
      return domain.isOff ? { ...domain, isOff: false, live: domain.saved, saved: undefined } : domain;
    case "discard":
      return { ...domain, saved: undefined };
    case "stop":
      return { ...domain, isOff: true, live: undefined };
    case "autostart":
      return { ...domain, autostart: step.on };
    case "attachDevice":
    case "detachDevice":
    case "updateDevice":
    case "balloon":
    case "changePassword":
    case "resizeDisk":
    case "makeDisk":
    case "resume":
    case "wake":
    case "replace":
      return domain;
  }
}

function domainFigures(
  { isOff, autostart, live, nextBoot, rounding, vcpus }: Promised,
  { observed, autostart: startsWithHost = false }: Observation,
  subjects: readonly Subject[],
): Figure[] {
  const onOff = (on: boolean) => (on ? "on" : "off");
  const figures: Record<Subject, Figure[]> = {
    power: [{ what: "the domain", wanted: onOff(!isOff), found: onOff(observed.power !== "off") }],
    autostart: [{ what: "autostart", wanted: onOff(autostart), found: onOff(startsWithHost) }],
    vCPUs:
      vcpus === undefined || observed.live === undefined
        ? []
        : [vcpuFigure("the number of vCPUs of the running domain", vcpus, observed.live)],
    live: live && observed.live ? liveFigures(live, observed.live, rounding) : [],
    definition: nextBoot
      ? [sizeFigure("the memory in the definition", nextBoot.total, observed.nextBoot?.memory)]
      : [],
  };
  return subjects.flatMap((subject) => figures[subject]);
}

function liveFigures(promised: Memory, found: MemoryView, rounding: Kib): Figure[] {
  const above = found.memory - promised.total;
  const isRounded = rounding > 0 && above > 0 && above < bootRounding(found);
  const total = sizeFigure(
    "the memory of the running domain",
    isRounded ? found.memory : promised.total,
    found.memory,
  );
  const number = { what: "the number of its memory devices", found: found.devices.length };
  return promised.devices === undefined ? [total] : [total, { ...number, wanted: promised.devices.length }];
}

function stepFigures(step: Step, observed: Observed, movesDimm: boolean): Figure[] {
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

function vcpuFigure(what: string, wanted: number, view: MemoryView | undefined): Figure {
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
      : `${formatSize(view.maxMemory.size)} in ${view.maxMemory.slots ?? 0} slots`;
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

function sizeFigure(what: string, wanted: Kib, found: Kib | undefined): Figure {
  return { what, wanted: formatSize(wanted), found: found === undefined ? "unknown" : formatSize(found) };
}
