/** By what the device of an entry is found in a domain. */
export interface DeviceKey {
  alias?: string | undefined;
  identity?: string | undefined;
  /** What entries without a name have by their place in the list. */
  place?: string | undefined;
}

/** Several devices may have one identity, as disks that only read the same image. */
const BY: readonly ((key: DeviceKey) => string | undefined)[] = [
  ({ alias }) => alias,
  ({ identity, place }) =>
    identity === undefined || place === undefined ? undefined : JSON.stringify([identity, place]),
  ({ identity }) => identity,
  ({ place }) => place,
];

/** The device of each entry: the one with its alias, else with its identity, at its place if there is one, last the one at its place. */
export function matchDevices<Device>(
  entries: readonly DeviceKey[],
  devices: readonly Device[],
  keyOf: (device: Device) => DeviceKey,
): (Device | undefined)[] {
  const found: (Device | undefined)[] = entries.map(() => undefined);
  const taken = new Set<Device>();
  for (const by of BY) {
    const free = new Map<string, Device[]>();
    for (const device of devices) {
      const key = taken.has(device) ? undefined : by(keyOf(device));
      if (key === undefined) continue;
      const same = free.get(key);
      if (same === undefined) free.set(key, [device]);
      else same.push(device);
    }
    for (const [index, entry] of entries.entries()) {
      if (found[index] !== undefined) continue;
      const device = free.get(by(entry) ?? "")?.shift();
      if (device === undefined) continue;
      found[index] = device;
      taken.add(device);
    }
  }
  return found;
}
