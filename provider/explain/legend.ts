import type { Piece } from "./bar.ts";
import type { Explanation, MappedDevice, MemoryMap } from "./explanation.ts";

/** A memory device with the character that stands for it. */
export interface LegendEntry {
  key: string;
  device: MappedDevice;
  /** The running domain doesn't have it. */
  nextBootOnly: boolean;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Room that could be plugged, and what of a virtio-mem device isn't given to the guest. */
export const FREE = "·";

/** Stands for all parts beyond those that have a letter, and for nodes beyond 9. */
const MORE = "+";

export function nodeKey(id: number): string {
  return id < 10 ? String(id) : MORE;
}

/** The devices of the running domain, then those that the definition alone has. */
export function legendOf({ live, nextBoot }: Explanation): LegendEntry[] {
  const running = live?.devices ?? [];
  const others = (nextBoot?.devices ?? []).filter((device) => !running.some((one) => isSame(one, device)));
  return [...running, ...others].map((device, index) => ({
    key: LETTERS[index] ?? MORE,
    device,
    nextBootOnly: live !== undefined && index >= running.length,
  }));
}

/** libvirt's own aliases are left out of the definition; a slot is in both. */
function isSame(a: MappedDevice, b: MappedDevice): boolean {
  if (a.model !== b.model || a.size !== b.size) return false;
  return a.slot !== undefined && b.slot !== undefined ? a.slot === b.slot : a.alias === b.alias;
}

/** A definition's memory from its base to its ceiling. */
export function pieces(map: MemoryMap, parts: LegendEntry[]): Piece[] {
  const base =
    map.cells.length === 0
      ? [{ key: nodeKey(0), size: map.baseMemory }]
      : map.cells.map(({ id, memory }) => ({ key: nodeKey(id), size: memory }));
  const devices = map.devices.flatMap((device) => {
    const key = parts.find((part) => isSame(part.device, device))?.key ?? MORE;
    const given = device.model === "virtio-mem" ? (device.current ?? device.requested ?? 0) : device.size;
    return [
      { key, size: given },
      { key: FREE, size: device.size - given },
    ];
  });
  const whole = [...base, ...devices].reduce((sum, { size }) => sum + size, 0);
  const room = Math.max(0, (map.maxMemory?.size ?? 0) - whole);
  return [...base, ...devices, { key: FREE, size: room }].filter(({ size }) => size > 0);
}
