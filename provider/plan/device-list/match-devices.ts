/** By what the device of an entry is found in a domain. */
export interface DeviceKey {
  alias?: string | undefined;
  identity?: string | undefined;
  /** What entries without a name have by their place in the list. */
  place?: string | undefined;
}

/** The device of each entry: the one with its alias, else with its identity, last the one at its place. */
export function matchDevices<Device>(
  entries: readonly DeviceKey[],
  devices: readonly Device[],
  keyOf: (device: Device) => DeviceKey,
): (Device | undefined)[] {
  const found: (Device | undefined)[] = entries.map(() => undefined);
  const taken = new Set<Device>();
  for (const by of ["alias", "identity", "place"] as const) {
    const byKey = new Map(
      devices.flatMap((device) => {
        const key = keyOf(device)[by];
        return key === undefined || taken.has(device) ? [] : [[key, device] as const];
      }),
    );
    for (const [index, entry] of entries.entries()) {
      const device = found[index] === undefined ? byKey.get(entry[by] ?? "") : undefined;
      if (device === undefined || taken.has(device)) continue;
      found[index] = device;
      taken.add(device);
    }
  }
  return found;
}
