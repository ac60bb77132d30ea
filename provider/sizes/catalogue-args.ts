import type { CatalogueArgs, CatalogueEntry } from "../../sdk/catalogue-args.ts";
import type { Failure } from "../args/failure.ts";
import { FIELDS } from "../args/fields.ts";
import { isBlockSize, MAX_SLOTS, MAX_VCPUS, SMALLEST_GUEST_BLOCK } from "../args/limits.ts";
import { propertyPath } from "../args/property-path.ts";
import { type Field, readFields } from "../args/read-fields.ts";
import { flag, oneOf, parsed, wholeNumber } from "../args/schema.ts";
import { DEFAULTS } from "../args/settings.ts";
import { isRecord } from "../is-record.ts";
import { formatVcpus } from "../plan/text.ts";
import type { Kib } from "../units/kib.ts";
import { canonicalSize, formatSize, parseSize } from "../units/size.ts";

/** A size by its figures. */
export interface VmSize {
  memory: Kib;
  vcpus: number;
}

export interface NamedSize extends VmSize {
  name: string;
}

/** A catalogue whose arguments are valid, in ascending order. Whether its steps are live isn't known yet. */
export interface Catalogue
  extends Pick<
    CatalogueArgs,
    "whenNotPossible" | "memorySlots" | "maxVcpus" | "arch" | "machine" | "firmware" | "cpu"
  > {
  step: Kib;
  ceiling: Kib;
  allowUnplug: boolean;
  sizes: NamedSize[];
}

/** Every pair of sizes is a step, and every step is planned. */
export const MOST_SIZES = 32;

const SIZE_NAME = /^[A-Za-z0-9][\w.-]{0,62}$/;

const kib = parsed(parseSize);

const EXAMPLE = '{ ceiling: "32GiB", sizes: { small: { memory: "2GiB", vcpus: 1 } } }';

const CATALOGUE = {
  key: "key of a catalogue",
  otherwise: `must be an object with ceiling and sizes, e.g. ${EXAMPLE}`,
};

const SIZE = {
  key: "key of a size",
  otherwise: 'must be an object with memory and vcpus, e.g. { memory: "2GiB", vcpus: 1 }',
};

const NOT_A_NAME =
  "is not a name of a size: 1 to 63 letters, digits and . _ -, beginning with a letter or digit";

const ARGUMENTS = {
  sizes: { schema: parsed(objectOfSizes), required: `, e.g. ${EXAMPLE}` },
  ceiling: { schema: kib, required: ': the most that a domain can grow to, e.g. "32GiB"' },
  step: { schema: kib },
  allowUnplug: { schema: flag },
  whenNotPossible: { schema: oneOf("replace", "restart", "nextBoot", "error") },
  memorySlots: { schema: wholeNumber(1, MAX_SLOTS) },
  maxVcpus: { schema: wholeNumber(1, MAX_VCPUS) },
  arch: { schema: oneOf("x86_64", "aarch64", "ppc64le") },
  machine: { schema: FIELDS.machine.schema },
  firmware: { schema: oneOf("bios", "uefi") },
  cpu: { schema: FIELDS.cpu.schema },
} satisfies Record<keyof CatalogueArgs, Field>;

const ENTRY = {
  memory: { schema: kib, required: ', e.g. "4GiB"' },
  vcpus: { schema: wholeNumber(1, MAX_VCPUS) },
} satisfies Record<keyof CatalogueEntry, Field>;

/**
 * Reads the untyped arguments of a catalogue.
 *
 * @returns all failures at once, each at its property's path
 */
export function readCatalogue(args: unknown): { catalogue?: Catalogue; failures: Failure[] } {
  const { values, failures } = readFields(args, ARGUMENTS, CATALOGUE);
  const {
    sizes: entries,
    step = DEFAULTS.alignment,
    ceiling,
    allowUnplug = false,
    ...rest
  } = values as Values;
  const sizes = entries === undefined ? [] : readSizes(entries, failures);
  const known = sizes.filter((one) => one.memory > 0);
  if (step % SMALLEST_GUEST_BLOCK !== 0) failures.push({ property: "step", reason: notABlock(step) });
  else if (!failures.some(({ property }) => property === "step")) failures.push(...apartBySteps(known, step));
  failures.push(...alike(known));
  if (ceiling !== undefined) failures.push(...aboveCeiling(known, ceiling));
  if (failures.length > 0 || ceiling === undefined) return { failures };
  return { catalogue: { step, ceiling, allowUnplug, ...rest, sizes: ascending(sizes) }, failures };
}

interface Values extends Partial<Omit<Catalogue, "sizes">> {
  sizes?: Record<string, unknown>;
}

/** By memory, then by vCPUs. */
export function ascending<T extends VmSize>(sizes: readonly T[]): T[] {
  return sizes.toSorted((a, b) => a.memory - b.memory || a.vcpus - b.vcpus);
}

/** "4 GiB, 2 vCPUs" */
export function formatVmSize({ memory, vcpus }: VmSize): string {
  return `${formatSize(memory)}, ${formatVcpus(vcpus)}`;
}

/** @throws Error */
function objectOfSizes(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new Error(`must be an object of sizes by name, e.g. ${EXAMPLE}`);
  const count = Object.keys(value).length;
  if (count === 0) throw new Error(`has no size; add one, e.g. ${EXAMPLE}`);
  if (count > MOST_SIZES) throw new Error(`has ${count} sizes; a catalogue has at most ${MOST_SIZES}`);
  return value;
}

function readSizes(entries: Record<string, unknown>, failures: Failure[]): NamedSize[] {
  return Object.entries(entries).map(([name, entry]) => {
    const at = (path: readonly PropertyKey[]) => propertyPath(["sizes", name, ...path]);
    if (!SIZE_NAME.test(name)) failures.push({ property: at([]), reason: NOT_A_NAME });
    const read = readFields(entry, ENTRY, { ...SIZE, at });
    for (const failure of read.failures) failures.push(failure);
    // A figure that is wrong is 0.
    const { memory = 0, vcpus = 1 } = read.values as Partial<VmSize>;
    return { name, memory, vcpus: read.failures.length === 0 ? vcpus : 0 };
  });
}

/** What can be added without a restart is a whole number of the guest's memory blocks. */
function notABlock(step: Kib): string {
  const below = step - (step % SMALLEST_GUEST_BLOCK);
  const near = [below, below + SMALLEST_GUEST_BLOCK]
    .filter((one) => one > 0)
    .map((one) => `"${canonicalSize(one)}"`);
  return `is not a multiple of ${formatSize(SMALLEST_GUEST_BLOCK)}, the smallest memory block of a Linux guest; use ${near.join(" or ")}`;
}

function apartBySteps(sizes: NamedSize[], step: Kib): Failure[] {
  const [smallest] = ascending(sizes);
  if (smallest === undefined) return [];
  return sizes.flatMap(({ name, memory }) => {
    const off = (memory - smallest.memory) % step;
    if (off === 0) return [];
    const near = [memory - off, memory - off + step].map((one) => `"${canonicalSize(one)}"`);
    const reason = `is ${formatSize(memory)}, which is not ${formatSize(smallest.memory)} (${smallest.name}, the smallest size) plus a multiple of the step of ${formatSize(step)}; use ${near.join(" or ")}`;
    return [{ property: propertyPath(["sizes", name, "memory"]), reason }];
  });
}

function alike(sizes: NamedSize[]): Failure[] {
  return sizes.flatMap((one, index) => {
    const first = sizes.findIndex(
      ({ memory, vcpus }) => memory === one.memory && vcpus === one.vcpus && vcpus > 0,
    );
    if (first === -1 || first === index) return [];
    const reason = `equals ${propertyPath(["sizes", sizes[first]?.name ?? ""])} (${formatVmSize(one)}); remove one of them, or change its memory or vcpus`;
    return [{ property: propertyPath(["sizes", one.name]), reason }];
  });
}

function aboveCeiling(sizes: NamedSize[], ceiling: Kib): Failure[] {
  return sizes
    .filter(({ memory }) => memory > ceiling)
    .map(({ name, memory }) => ({
      property: propertyPath(["sizes", name, "memory"]),
      reason: `is ${formatSize(memory)}, above the ceiling (${formatSize(ceiling)}); lower memory or raise the ceiling`,
    }));
}

/** `hotplug.alignment` for a step: the default, or the largest power of two below it that divides the step. */
export function alignmentFor(step: Kib): Kib {
  let alignment = DEFAULTS.alignment;
  while (step % alignment !== 0 && isBlockSize(alignment / 2)) alignment /= 2;
  return alignment;
}
