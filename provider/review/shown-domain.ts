import type { Defaults } from "../args/settings.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { countedSize, MEMORY_MODELS } from "../domain/state.ts";
import { isRecord } from "../is-record.ts";
import type { MemoryView, Observed, ObservedDevice } from "../plan/observed.ts";
import { type Kib, sum } from "../units/kib.ts";
import { canonicalSize, sizeIn } from "../units/size.ts";
import { newDomain } from "./new-domain.ts";
import type { Properties } from "./properties.ts";

/**
 * The memory of a domain by the outputs that programs read, where the recorded domain is secret, or the preview has only these.
 *
 * @returns undefined where one of them isn't known
 */
export function shownDomain(outputs: Properties, defaults: Defaults): Observed | undefined {
  const { state, liveMemory, nextBootMemory, memoryDevices } = outputs;
  const devices = devicesIn(memoryDevices);
  if (typeof state !== "string" || state === UNKNOWN || devices === undefined) return undefined;
  const [running, defines] = [sizeIn(liveMemory), sizeIn(nextBootMemory)];
  if (liveMemory === UNKNOWN || nextBootMemory === UNKNOWN) return undefined;
  const kept = running === undefined ? devices : devices.filter(({ model }) => model !== "dimm");
  const live = running === undefined ? undefined : viewOf(outputs, running, devices, defaults);
  const nextBoot = defines === undefined ? undefined : viewOf(outputs, defines, kept, defaults);
  if ((running !== undefined && live === undefined) || (defines !== undefined && nextBoot === undefined))
    return undefined;
  return {
    power: live === undefined ? "off" : state === "paused" ? "paused" : "running",
    persistent: nextBoot !== undefined,
    ...defined({ live, nextBoot }),
  };
}

/** The nodes share what isn't in devices as a domain of that size is started. */
function viewOf(
  outputs: Properties,
  memory: Kib,
  devices: ObservedDevice[],
  defaults: Defaults,
): MemoryView | undefined {
  const atBoot = memory - sum(devices.map(countedSize));
  const view = newDomain({ ...outputs, memory: canonicalSize(atBoot) }, undefined, defaults)?.live;
  if (view === undefined || view.cells.some((cell) => cell.memory < 0)) return undefined;
  const currentMemory = Math.min(memory, sizeIn(outputs.currentMemory) ?? memory);
  const withoutBalloon = outputs.balloon === false ? { withoutBalloon: true as const } : {};
  return { ...view, memory, currentMemory, devices, ...withoutBalloon };
}

/** Where a device will be in the guest may not be known yet, and doesn't matter for a map. */
function devicesIn(value: unknown): ObservedDevice[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const devices = value.map(deviceIn);
  return devices.includes(undefined) ? undefined : (devices as ObservedDevice[]);
}

function deviceIn(value: unknown): ObservedDevice | undefined {
  if (!isRecord(value)) return undefined;
  const model = MEMORY_MODELS.find((known) => known === value.model);
  const { slot, node, alias, base, taken } = value;
  const [size, requested, current] = [value.size, value.requested, value.current].map(sizeIn);
  if (model === undefined || size === undefined || slot === UNKNOWN) return undefined;
  return defined({
    model,
    size,
    requested,
    current,
    slot: typeof slot === "number" ? slot : undefined,
    node: typeof node === "number" ? node : undefined,
    alias: typeof alias === "string" && alias !== UNKNOWN ? alias : undefined,
    base: typeof base === "string" && base !== UNKNOWN ? base : undefined,
    taken: typeof taken === "boolean" ? taken : undefined,
  });
}
