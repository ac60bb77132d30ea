import type { Failure } from "../args/failure.ts";
import { MAX_VCPUS } from "../args/limits.ts";
import { propertyPath } from "../args/property-path.ts";
import { type Field, readFields } from "../args/read-fields.ts";
import { parsed, wholeNumber } from "../args/schema.ts";
import { readDomain } from "../domain/read.ts";
import { vcpusOf } from "../domain/state.ts";
import { foreignText } from "../foreign-text.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import { memoryView } from "../plan/observed.ts";
import { KIB_PER_MIB } from "../units/kib.ts";
import { parseSize } from "../units/size.ts";
import type { NamedSize } from "./catalogue-args.ts";

const EXAMPLE = "[{ name: web-1, memory: 3GiB, vcpus: 2 }]";

const VM = {
  name: { schema: parsed(nameOf) },
  memory: { schema: parsed(parseSize), required: ', e.g. "4GiB"' },
  vcpus: { schema: wholeNumber(1, MAX_VCPUS) },
} satisfies Record<keyof NamedSize, Field>;

/**
 * Reads the sizes that VMs have today: a list of objects, or an object of them by name.
 *
 * @returns all failures at once, each at its property's path
 */
export function readFleet(value: unknown): { vms: NamedSize[]; failures: Failure[] } {
  if (typeof value !== "object" || value === null)
    return {
      vms: [],
      failures: [{ property: "", reason: `must be a list of VMs with their sizes, e.g. ${EXAMPLE}` }],
    };
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  if (entries.length === 0)
    return { vms: [], failures: [{ property: "", reason: `has no VM; write e.g. ${EXAMPLE}` }] };
  const read = entries.map(([key, vm]) => readVm(isList ? Number(key) : key, vm));
  return { vms: read.flatMap(({ vm }) => vm ?? []), failures: read.flatMap(({ failures }) => failures) };
}

function readVm(key: string | number, vm: unknown): { vm?: NamedSize; failures: Failure[] } {
  // The list itself has no name.
  const at = (path: readonly PropertyKey[]) =>
    typeof key === "number" ? propertyPath(["", key, ...path]).slice(4) : propertyPath([key, ...path]);
  const { values, failures } = readFields(vm, VM, {
    key: "key of a VM",
    otherwise: "must be an object with memory and vcpus, e.g. { memory: 3GiB, vcpus: 2 }",
    at,
  });
  const {
    name = typeof key === "number" ? `${key + 1}` : key,
    memory,
    vcpus = 1,
  } = values as Partial<NamedSize>;
  if (foreignText(name) === "") failures.push({ property: at([]), reason: BLANK });
  return failures.length > 0 || memory === undefined
    ? { failures }
    : { vm: { name, memory, vcpus }, failures };
}

/** @throws Error */
function nameOf(value: unknown): string {
  if (typeof value === "number") throw new Error(`must be a string; write it in quotes: "${value}"`);
  if (typeof value !== "string") throw new Error('must be a string, e.g. "web-1"');
  if (foreignText(value) === "") throw new Error(BLANK);
  return value;
}

const BLANK = "is not a name: it must have a character that can be printed";

/** The sizes of a host's domains: of those that run, as they run now. Nothing is changed. */
export async function fleetOf(hypervisor: Hypervisor): Promise<NamedSize[]> {
  const domains = await hypervisor.list();
  const vms = await Promise.all(
    domains.map(async (domain) => {
      const state = readDomain(await hypervisor.xml(domain, { inactive: false }));
      const whole = Math.ceil(memoryView(state).memory / KIB_PER_MIB) * KIB_PER_MIB;
      return { name: domain.name, memory: whole, vcpus: vcpusOf(state) };
    }),
  );
  return vms.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}
