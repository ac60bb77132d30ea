import { sum } from "../units/kib.ts";
import type { Piece } from "./bar.ts";
import type { Explanation } from "./explanation.ts";
import type { MappedDevice, MemoryMap } from "./memory-map.ts";

/** A memory device with the character that represents it. */
export interface LegendEntry {
  key: string;
  device: MappedDevice;
  /** It is only in the definition. */
  nextBootOnly: boolean;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Memory that could be plugged: below the maximum, and in a virtio-mem device. */
export const FREE = "·";

/** Represents all devices beyond those that have a letter, and all nodes beyond 9. */
const MORE = "+";

export function nodeKey(id: number): string {
  return id < 10 ? String(id) : MORE;
}

/** The devices of the running domain, then those that are only in the definition. */
export function legendOf({ live, nextBoot }: Pick<Explanation, "live" | "nextBoot">): LegendEntry[] {
  const running = live?.devices ?? [];
  const others = (nextBoot?.devices ?? []).filter((device) => !running.some((one) => isSame(one, device)));
  return [...running, ...others].map((device, index) => ({
    key: LETTERS[index] ?? MORE,
    device,
    nextBootOnly: live !== undefined && index >= running.length,
  }));
}

/** The same device in the running domain and in the definition, which has the slot but not libvirt's own alias. */
function isSame(a: MappedDevice, b: MappedDevice): boolean {
  if (a.model !== b.model || a.size !== b.size) return false;
  return a.slot !== undefined && b.slot !== undefined ? a.slot === b.slot : a.alias === b.alias;
}

/** The memory of a domain from its boot memory to its maximum. */
export function pieces(map: MemoryMap, legend: LegendEntry[]): Piece[] {
  const base =
    map.cells.length === 0
      ? [{ key: nodeKey(0), size: map.baseMemory }]
      : map.cells.map(({ id, memory }) => ({ key: nodeKey(id), size: memory }));
  const devices = map.devices.flatMap((device) => {
    const key = legend.find((entry) => isSame(entry.device, device))?.key ?? MORE;
    const plugged = device.model === "virtio-mem" ? (device.current ?? device.requested ?? 0) : device.size;
    return [
      { key, size: plugged },
      { key: FREE, size: device.size - plugged },
    ];
  });
  const whole = sum([...base, ...devices].map(({ size }) => size));
  const room = Math.max(0, (map.maxMemory?.size ?? 0) - whole);
  return [...base, ...devices, { key: FREE, size: room }].filter(({ size }) => size > 0);
}
