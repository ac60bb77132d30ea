const PREFIXES: Readonly<Record<string, string>> = { virtio: "vd", ide: "hd" };

/** The target device of each disk: the one that is decided already, else the first free one of its bus (vda, …, vdz, vdaa). */
export function diskTargets(
  disks: readonly { bus: string; target?: string }[],
  alsoTaken: Iterable<string> = [],
): string[] {
  const taken = new Set([...alsoTaken, ...disks.flatMap(({ target }) => target ?? [])]);
  const next = new Map<string, number>();
  return disks.map(({ bus, target }) => {
    if (target !== undefined) return target;
    const prefix = PREFIXES[bus] ?? "sd";
    let index = next.get(prefix) ?? 0;
    while (taken.has(prefix + letters(index))) index++;
    next.set(prefix, index + 1);
    return prefix + letters(index);
  });
}

function letters(index: number): string {
  const last = String.fromCharCode("a".charCodeAt(0) + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}
