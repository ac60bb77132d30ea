import type { z } from "zod";
import type { CatalogueArgs } from "../../sdk/catalogue-args.ts";
import type { Failure } from "../args/failure.ts";
import { FIELDS } from "../args/fields.ts";
import { isBlockSize, MAX_SLOTS, MAX_VCPUS, SMALLEST_GUEST_BLOCK } from "../args/limits.ts";
import { propertyPath } from "../args/property-path.ts";
import { flag, oneOf, parsed, wholeNumber } from "../args/schema.ts";
import { DEFAULTS } from "../args/settings.ts";
import { suggestion } from "../args/suggestion.ts";
import { UNKNOWN } from "../args/unknown.ts";
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
    "whenNotPossible" | "memorySlots" | "maxVcpus" | "arch" | "machine" | "firmware"
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

/** The arguments besides the sizes. */
const SETTINGS = {
  ceiling: kib,
  step: kib,
  allowUnplug: flag,
  whenNotPossible: oneOf("replace", "restart", "nextBoot", "error"),
  memorySlots: wholeNumber(1, MAX_SLOTS),
  maxVcpus: wholeNumber(1, MAX_VCPUS),
  arch: oneOf("x86_64", "aarch64", "ppc64le"),
  machine: FIELDS.machine.schema,
  firmware: oneOf("bios", "uefi"),
} satisfies Record<Exclude<keyof CatalogueArgs, "sizes">, z.ZodType>;

const ENTRY = { memory: kib, vcpus: wholeNumber(1, MAX_VCPUS) };

const ARGUMENTS = ["sizes", ...Object.keys(SETTINGS)];

const EXAMPLE = '{ ceiling: "32GiB", sizes: { small: { memory: "2GiB", vcpus: 1 } } }';

/**
 * Reads the untyped arguments of a catalogue.
 *
 * @returns all failures at once, each at its property's path
 */
export function readCatalogue(args: unknown): { catalogue?: Catalogue; failures: Failure[] } {
  if (!isRecord(args))
    return {
      failures: [{ property: "", reason: `must be an object with ceiling and sizes, e.g. ${EXAMPLE}` }],
    };
  const failures = unknownKeys(args, ARGUMENTS, []);
  const settings = readFields(args, SETTINGS, [], failures);
  if (!isPresent(args, "ceiling"))
    failures.push({
      property: "ceiling",
      reason: 'is required: the most that a domain can grow to, e.g. "32GiB"',
    });
  const sizes = readSizes(args, failures);
  const { step = DEFAULTS.alignment, ceiling, allowUnplug = false, ...rest } = settings as SettingValues;
  const known = sizes.filter((one) => one.memory > 0);
  if (step % SMALLEST_GUEST_BLOCK !== 0) failures.push({ property: "step", reason: notABlock(step) });
  else failures.push(...apartBySteps(known, step));
  failures.push(...alike(known));
  if (ceiling !== undefined) failures.push(...aboveCeiling(known, ceiling));
  if (failures.length > 0 || ceiling === undefined) return { failures };
  return { catalogue: { step, ceiling, allowUnplug, ...rest, sizes: ascending(sizes) }, failures };
}

type SettingValues = Partial<Omit<Catalogue, "sizes">>;

/** By memory, then by vCPUs. */
export function ascending<T extends VmSize>(sizes: readonly T[]): T[] {
  return sizes.toSorted((a, b) => a.memory - b.memory || a.vcpus - b.vcpus);
}

/** "4 GiB, 2 vCPUs" */
export function formatVmSize({ memory, vcpus }: VmSize): string {
  return `${formatSize(memory)}, ${formatVcpus(vcpus)}`;
}

function readSizes(args: Record<string, unknown>, failures: Failure[]): NamedSize[] {
  if (!isPresent(args, "sizes")) {
    failures.push({ property: "sizes", reason: `is required, e.g. ${EXAMPLE}` });
    return [];
  }
  const { sizes } = args;
  if (!isRecord(sizes)) {
    failures.push({ property: "sizes", reason: `must be an object of sizes by name, e.g. ${EXAMPLE}` });
    return [];
  }
  const entries = Object.entries(sizes);
  if (entries.length === 0)
    failures.push({ property: "sizes", reason: `has no size; add one, e.g. ${EXAMPLE}` });
  if (entries.length > MOST_SIZES) {
    failures.push({
      property: "sizes",
      reason: `has ${entries.length} sizes; a catalogue has at most ${MOST_SIZES}`,
    });
    return [];
  }
  return entries.map(([name, entry]) => readSize(name, entry, failures));
}

/** A figure that is wrong is 0. */
function readSize(name: string, entry: unknown, failures: Failure[]): NamedSize {
  const path = ["sizes", name];
  const property = propertyPath(path);
  if (!SIZE_NAME.test(name))
    failures.push({
      property,
      reason: "is not a name of a size: 1 to 63 letters, digits and . _ -, beginning with a letter or digit",
    });
  if (!isRecord(entry)) {
    failures.push({
      property,
      reason: 'must be an object with memory and vcpus, e.g. { memory: "2GiB", vcpus: 1 }',
    });
    return { name, memory: 0, vcpus: 0 };
  }
  failures.push(...unknownKeys(entry, Object.keys(ENTRY), path));
  if (!isPresent(entry, "memory"))
    failures.push({ property: propertyPath([...path, "memory"]), reason: 'is required, e.g. "4GiB"' });
  const before = failures.length;
  const { memory = 0, vcpus = 1 } = readFields(entry, ENTRY, path, failures) as Partial<VmSize>;
  return { name, memory, vcpus: failures.length === before ? vcpus : 0 };
}

function readFields(
  given: Record<string, unknown>,
  schemas: Record<string, z.ZodType>,
  path: string[],
  failures: Failure[],
): Record<string, unknown> {
  const values: [string, unknown][] = [];
  for (const [name, schema] of Object.entries(schemas)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) continue;
    const property = propertyPath([...path, name]);
    if (value === null || value === UNKNOWN) {
      const reason = value === null ? "is empty; set a value, or leave it out" : "must be known in a preview";
      failures.push({ property, reason });
      continue;
    }
    const { success, data, error } = schema.safeParse(value);
    if (success) values.push([name, data]);
    else failures.push(...error.issues.map(({ message }) => ({ property, reason: message })));
  }
  return Object.fromEntries(values);
}

function unknownKeys(given: object, known: readonly string[], path: string[]): Failure[] {
  return Object.keys(given)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      property: propertyPath([...path, key]),
      reason: `is not a key of a ${path.length === 0 ? "catalogue" : "size"}; ${suggestion(key, known)}`,
    }));
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

function isPresent(given: Record<string, unknown>, key: string): boolean {
  return Object.hasOwn(given, key) && given[key] !== undefined;
}
