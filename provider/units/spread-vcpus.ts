import { readNumbers, writeNumbers } from "./number-list.ts";

/**
 * The vCPUs of each NUMA node, as libvirt's lists: a node keeps those that it has, as far as they exist, and the others fill the
 * nodes in order, so that all end up with the same number as far as possible. Hence a larger maximum moves no vCPU of an
 * existing domain. libvirt itself would put vCPUs that no node names into node 0.
 *
 * @param lists of the nodes, by id; undefined or empty for a node without vCPUs
 * @param maximum of the domain
 */
export function spreadVcpus(lists: readonly (string | undefined)[], maximum: number): (string | undefined)[] {
  if (lists.length === 0) return [];
  const taken = new Set<number>();
  const kept = lists.map((list) => {
    const numbers = readNumbers(list ?? "").filter((vcpu) => vcpu < maximum && !taken.has(vcpu));
    for (const vcpu of numbers) taken.add(vcpu);
    return numbers;
  });
  const free = Array.from({ length: maximum }, (_, vcpu) => vcpu).filter((vcpu) => !taken.has(vcpu));
  const shares = evenShares(
    kept.map(({ length }) => length),
    free.length,
  );
  return kept.map((numbers, node) => {
    const all = [...numbers, ...free.splice(0, shares[node] ?? 0)];
    return all.length === 0 ? undefined : writeNumbers(all);
  });
}

/** How many each gets, so that the sums are as even as they can be; the first ones get the remainder. */
function evenShares(counts: readonly number[], free: number): number[] {
  const level = (height: number) => counts.reduce((total, count) => total + Math.max(0, height - count), 0);
  let height = Math.min(...counts);
  while (level(height + 1) <= free) height += 1;
  let rest = free - level(height);
  return counts.map((count) => {
    const extra = count <= height && rest > 0 ? 1 : 0;
    rest -= extra;
    return Math.max(0, height - count) + extra;
  });
}
