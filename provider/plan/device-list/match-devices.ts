/** By what the device of an entry is found in a domain. */
export interface DeviceKey {
  alias?: string | undefined;
  identity?: string | undefined;
  /** What entries without a name have by their place in the list. */
  place?: string | undefined;
  /** What a CD-ROM drive is whatever its medium and its place in the list are: the last resort for an entry without a name. */
  drive?: string | undefined;
}

/** By what a device is recognized, the surest first. */
const KEYS: ((key: DeviceKey) => string | undefined)[] = [
  ({ alias }) => alias,
  // Disks may have one file if all of them only read it.
  ({ identity, place }) =>
    identity === undefined || place === undefined ? undefined : JSON.stringify([identity, place]),
  ({ identity }) => identity,
  ({ place }) => place,
  ({ drive }) => drive,
];

/** The device of each entry: the one with its alias, else with its identity, last the one at its place or a drive like it. */
export function matchDevices<Device>(
  entries: readonly DeviceKey[],
  devices: readonly Device[],
  keyOf: (device: Device) => DeviceKey,
): (Device | undefined)[] {
  const found: (Device | undefined)[] = entries.map(() => undefined);
  const taken = new Set<Device>();
  for (const by of KEYS) {
    const free = Map.groupBy(
      devices.filter((device) => !taken.has(device)),
      (device) => by(keyOf(device)),
    );
    for (const [index, entry] of entries.entries()) {
      const key = found[index] === undefined ? by(entry) : undefined;
      const device = key === undefined ? undefined : free.get(key)?.shift();
      if (device === undefined) continue;
      found[index] = device;
      taken.add(device);
    }
  }
  return found;
}
