import type { CatalogueArgs } from "../../sdk/catalogue-args.ts";
import { KIB_PER_GIB, type Kib } from "../units/kib.ts";
import { canonicalSize } from "../units/size.ts";
import { ascending, type NamedSize, type VmSize } from "./catalogue-args.ts";
import { type CheckedCatalogue, checkCatalogue } from "./check-catalogue.ts";

/** What a suggestion keeps to. */
export interface SuggestOptions {
  /** The most sizes. */
  count: number;
  /** Default: the largest of 1 GiB, 512, 256 and 128 MiB that the smallest VM has. */
  step?: Kib;
  /** Default: twice the largest size, as far as any host can start it. */
  ceiling?: Kib;
}

/** A catalogue whose steps are live, and the nearest size of each VM. */
export interface Suggestion {
  args: CatalogueArgs;
  checked: CheckedCatalogue;
  nearest: { vm: NamedSize; size: NamedSize }[];
}

const STEPS: readonly Kib[] = [KIB_PER_GIB, KIB_PER_GIB / 2, KIB_PER_GIB / 4];
const SMALLEST_STEP: Kib = KIB_PER_GIB / 8;

/** x86-64 guests have no larger memory block (2 GiB), so a few doublings of the step suffice. */
const MOST_ATTEMPTS = 12;

/** More sizes in a fleet than this are rounded up further before they are grouped. */
const MOST_DISTINCT = 300;

/** See the default of `maxMemory` (args/max-memory.ts): every host can start a domain with so much. */
const STARTS_ON_ANY_HOST: Kib = 512 * KIB_PER_GIB;

/** From a size on, memory is rounded up to a multiple of this. */
interface Rounding {
  from: Kib;
  unit: Kib;
}

/**
 * Suggests a catalogue for the sizes of a fleet. No VM gets less than it has. Where a step isn't live, because large guests have
 * large memory blocks, the sizes from there on are rounded up to twice as much.
 */
export function suggestCatalogue(vms: readonly NamedSize[], options: SuggestOptions): Suggestion {
  const least = vms.reduce((found, { memory }) => Math.min(found, memory), Number.POSITIVE_INFINITY);
  const step = options.step ?? STEPS.find((one) => one <= least) ?? SMALLEST_STEP;
  const rounding: Rounding[] = [{ from: 0, unit: step }];
  for (let attempt = 1; ; attempt += 1) {
    const sizes = named(groups(distinct(vms, rounding), options.count));
    const largest = Math.max(...sizes.map(({ memory }) => memory));
    const ceiling = options.ceiling ?? Math.max(largest, Math.min(2 * largest, STARTS_ON_ANY_HOST));
    const { args, checked } = onSuitableCpu(argsOf(sizes, step, ceiling));
    const broken = checked.kind === "planned" ? checked.steps.broken : [];
    if (broken.length === 0 || attempt === MOST_ATTEMPTS)
      return { args, checked, nearest: vms.map((vm) => ({ vm, size: nearestOf(sizes, vm) })) };
    const from = Math.min(...broken.map(({ started }) => started.memory));
    rounding.push({ from, unit: 2 * unitAt(from, rounding) });
  }
}

/** The default CPU has too few address bits for large VMs, which have the host's. */
function onSuitableCpu(args: CatalogueArgs): Pick<Suggestion, "args" | "checked"> {
  const checked = checkCatalogue(args);
  if (checked.kind === "planned") return { args, checked };
  const onHostCpu: CatalogueArgs = { ...args, cpu: "host-passthrough" };
  const again = checkCatalogue(onHostCpu);
  return again.kind === "planned" ? { args: onHostCpu, checked: again } : { args, checked };
}

/** The smallest size that has at least what the VM has. */
function nearestOf(sizes: NamedSize[], vm: VmSize): NamedSize {
  const found = sizes.find(({ memory, vcpus }) => memory >= vm.memory && vcpus >= vm.vcpus);
  if (found === undefined) throw new Error("the largest size has at least what each VM has");
  return found;
}

function unitAt(memory: Kib, rounding: Rounding[]): Kib {
  return Math.max(...rounding.filter(({ from }) => from <= memory).map(({ unit }) => unit));
}

function roundedUp(memory: Kib, unit: Kib): Kib {
  return Math.ceil(memory / unit) * unit;
}

interface CountedSize extends VmSize {
  count: number;
}

/** The rounded sizes of a fleet, in ascending order, with the number of VMs of each. */
function distinct(vms: readonly NamedSize[], rounding: Rounding[]): CountedSize[] {
  for (let factor = 1; ; factor *= 2) {
    const found = new Map<string, CountedSize>();
    for (const { memory, vcpus } of vms) {
      const rounded = roundedUp(memory, factor * unitAt(memory, rounding));
      // What is rounded up to the next part of the list is a multiple of its unit too.
      const size = roundedUp(rounded, unitAt(rounded, rounding));
      const key = `${size}/${vcpus}`;
      found.set(key, { memory: size, vcpus, count: (found.get(key)?.count ?? 0) + 1 });
    }
    if (found.size <= MOST_DISTINCT) return ascending([...found.values()]);
  }
}

/**
 * At most `count` sizes, each of which has room for a run of the ascending list, so that the VMs get as little as possible in
 * addition, in proportion to what they have. Each size has at least as many vCPUs as the one before, so that each step is up.
 */
function groups(sizes: CountedSize[], count: number): VmSize[] {
  // best[groups][end]: the cost of the first `end` sizes, and where their last group begins.
  const best: { cost: number; start: number }[][] = [[{ cost: 0, start: 0 }]];
  for (let used = 1; used <= count; used += 1) best.push(withOneMore(sizes, best[used - 1] ?? []));
  const costs = best.map((row) => row[sizes.length]?.cost ?? Number.POSITIVE_INFINITY);
  let used = costs.indexOf(Math.min(...costs));
  const found: VmSize[] = [];
  for (let end = sizes.length; used > 0; used -= 1) {
    const start = best[used]?.[end]?.start ?? 0;
    found.unshift(sizeFor(sizes.slice(start, end)));
    end = start;
  }
  const upwards = found.map(({ memory }, index) => ({ memory, vcpus: mostVcpus(found.slice(0, index + 1)) }));
  return [...new Map(upwards.map((size) => [`${size.memory}/${size.vcpus}`, size])).values()];
}

function withOneMore(sizes: CountedSize[], before: { cost: number; start: number }[]) {
  const row: { cost: number; start: number }[] = [];
  for (let end = 1; end <= sizes.length; end += 1) {
    let least = { cost: Number.POSITIVE_INFINITY, start: 0 };
    const memory = sizes[end - 1]?.memory ?? 0;
    let [vcpus, perKib, perVcpu] = [0, 0, 0];
    for (let start = end - 1; start >= 0; start -= 1) {
      const { count, ...one } = sizes[start] ?? { count: 0, memory: 1, vcpus: 1 };
      vcpus = Math.max(vcpus, one.vcpus);
      perKib += count / one.memory;
      perVcpu += count / one.vcpus;
      const cost = (before[start]?.cost ?? Number.POSITIVE_INFINITY) + memory * perKib + vcpus * perVcpu;
      if (cost < least.cost) least = { cost, start };
    }
    row[end] = least;
  }
  return row;
}

function sizeFor(run: VmSize[]): VmSize {
  return { memory: Math.max(...run.map(({ memory }) => memory)), vcpus: mostVcpus(run) };
}

function mostVcpus(sizes: VmSize[]): number {
  return Math.max(...sizes.map(({ vcpus }) => vcpus));
}

const NAMES = ["small", "medium", "large", "xlarge"];

function named(sizes: VmSize[]): NamedSize[] {
  return sizes.map((size, index) => ({ name: NAMES[index] ?? `xlarge${index + 2 - NAMES.length}`, ...size }));
}

function argsOf(sizes: NamedSize[], step: Kib, ceiling: Kib): CatalogueArgs {
  return {
    step: compactSize(step),
    ceiling: compactSize(ceiling),
    sizes: Object.fromEntries(
      sizes.map(({ name, memory, vcpus }) => [name, { memory: compactSize(memory), vcpus }]),
    ),
  };
}

/** "4GiB", "1003MiB": as people write sizes. */
function compactSize(size: Kib): string {
  return size % KIB_PER_GIB === 0 ? `${size / KIB_PER_GIB}GiB` : canonicalSize(size);
}
