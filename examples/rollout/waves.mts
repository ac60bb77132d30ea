/** A VM that a preview changes or creates. */
export interface Vm {
  urn: string;
  name: string;
  headline: string;
}

/** What the preview of a stack does to its VMs. */
interface PreviewedStack<Stack> {
  stack: Stack;
  /** In the order of their waves. */
  vms: Vm[];
  /** How many VMs have their size already. */
  unchanged: number;
}

/**
 * Which VM changes in which wave. VMs that have their size already count: the share is of the fleet, not of what is left. So the
 * same share again changes nothing more.
 */
export function wavesOf<Stack>(stacks: readonly PreviewedStack<Stack>[], share: number, atOnce: number) {
  const inTurn = vmsInTurn(stacks);
  const unchanged = stacks.reduce((sum, stack) => sum + stack.unchanged, 0);
  const fleet = unchanged + inTurn.length;
  const now = inTurn.slice(0, Math.max(0, Math.ceil((fleet * share) / 100) - unchanged));
  /** Of each wave, the VMs of each stack. */
  const waves: { stack: Stack; vms: Vm[] }[][] = [];
  for (let start = 0; start < now.length; start += atOnce) {
    const groups = Map.groupBy(now.slice(start, start + atOnce), ({ stack }) => stack);
    waves.push([...groups].map(([stack, wave]) => ({ stack, vms: wave.map(({ vm }) => vm) })));
  }
  return { fleet, changed: inTurn.length, now: now.length, waves };
}

/** The VMs of all stacks in turn, so that a wave is spread over the hosts. */
function vmsInTurn<Stack>(stacks: readonly PreviewedStack<Stack>[]): { stack: Stack; vm: Vm }[] {
  const longest = stacks.reduce((most, { vms }) => Math.max(most, vms.length), 0);
  return Array.from({ length: longest }, (_, index) =>
    stacks.flatMap(({ stack, vms }) => vms.slice(index, index + 1).map((vm) => ({ stack, vm }))),
  ).flat();
}

/**
 * Each VM after those that it depends on, else by name. New VMs come first, since the change of another VM may need them.
 *
 * @param previewed the URNs in the order of the preview, which has a new VM after those that it depends on
 * @param dependencies of each resource of the state
 */
export function inOrder(
  vms: readonly Vm[],
  previewed: readonly string[],
  dependencies: ReadonlyMap<string, readonly string[]>,
): Vm[] {
  const depths = new Map<string, number>();
  const depth = (urn: string): number => {
    const known = depths.get(urn);
    if (known !== undefined) return known;
    const found = 1 + Math.max(-1, ...(dependencies.get(urn) ?? []).map(depth));
    depths.set(urn, found);
    return found;
  };
  const isNew = ({ urn }: Vm) => !dependencies.has(urn);
  const created = vms.filter(isNew).sort((a, b) => previewed.indexOf(a.urn) - previewed.indexOf(b.urn));
  const updated = vms
    .filter((vm) => !isNew(vm))
    .sort((a, b) => depth(a.urn) - depth(b.urn) || (a.name < b.name ? -1 : 1));
  return [...created, ...updated];
}
