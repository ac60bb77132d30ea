/** Where a device is: the running domain may have others than its definition. */
export interface Presence {
  live: boolean;
  nextBoot: boolean;
}

/** The devices of the running domain, and those that only its definition has. */
export function inEither<Device>(
  live: Device[] = [],
  nextBoot: Device[] = [],
  keyOf: (device: Device) => string,
): { device: Device; presence: Presence }[] {
  const [running, defined] = [new Set(live.map(keyOf)), new Set(nextBoot.map(keyOf))];
  const later = nextBoot.filter((device) => !running.has(keyOf(device)));
  return [
    ...live.map((device) => ({ device, presence: { live: true, nextBoot: defined.has(keyOf(device)) } })),
    ...later.map((device) => ({ device, presence: { live: false, nextBoot: true } })),
  ];
}

/** How the running domain and its definition differ, where there are both. */
export function describePresence({ live, nextBoot }: Presence, areBoth: boolean): string[] {
  if (!areBoth || (live && nextBoot)) return [];
  return [live ? "until the next boot" : "from the next boot"];
}
