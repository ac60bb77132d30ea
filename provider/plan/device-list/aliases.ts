/** The aliases of the devices in our lists begin with these: a contract with existing states and definitions. */
export const ALIASES = { disk: "ua-pulumi-disk-", interface: "ua-pulumi-nic-" } as const;

/** The alias of a new disk; undefined where it has no name. */
export function diskAlias({ name }: { name?: string }): string | undefined {
  return name === undefined ? undefined : ALIASES.disk + name;
}

/** The alias of a new network interface; undefined where it has no name. */
export function interfaceAlias({ name }: { name?: string }): string | undefined {
  return name === undefined ? undefined : ALIASES.interface + name;
}

/** The alias of a device that is attached for an entry without a name, by its place in the domain: no name begins with "_". */
export function unnamedAlias(device: keyof typeof ALIASES, place: string): string {
  return `${ALIASES[device]}_${place.replace(/[^A-Za-z0-9]/g, "")}`;
}
