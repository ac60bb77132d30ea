import type { Failure } from "../args/failure.ts";
import { MAX_VCPUS } from "../args/limits.ts";
import { propertyPath } from "../args/property-path.ts";
import { parsed, wholeNumber } from "../args/schema.ts";
import { suggestion } from "../args/suggestion.ts";
import { readDomain } from "../domain/read.ts";
import { vcpusOf } from "../domain/state.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import { memoryView } from "../plan/observed.ts";
import { KIB_PER_MIB } from "../units/kib.ts";
import { parseSize } from "../units/size.ts";
import type { NamedSize } from "./catalogue-args.ts";

const KEYS = ["name", "memory", "vcpus"];

const EXAMPLE = "[{ name: web-1, memory: 3GiB, vcpus: 2 }]";

const memory = parsed(parseSize);
const vcpus = wholeNumber(1, MAX_VCPUS);

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
  const at = (...path: string[]) =>
    typeof key === "number" ? propertyPath(["", key, ...path]).slice(4) : propertyPath([key, ...path]);
  if (typeof vm !== "object" || vm === null || Array.isArray(vm))
    return {
      failures: [
        {
          property: at(),
          reason: "must be an object with memory and vcpus, e.g. { memory: 3GiB, vcpus: 2 }",
        },
      ],
    };
  const given = vm as Record<string, unknown>;
  const failures = Object.keys(given)
    .filter((name) => !KEYS.includes(name))
    .map((name) => ({ property: at(name), reason: `is not a key of a VM; ${suggestion(name, KEYS)}` }));
  const size = memory.safeParse(given.memory);
  const count = vcpus.safeParse(given.vcpus ?? 1);
  const wrong = (name: string, { error }: { error?: { issues: { message: string }[] } }) =>
    (error?.issues ?? []).map(({ message }) => ({ property: at(name), reason: message }));
  const { name = typeof key === "number" ? `${key + 1}` : key } = given;
  if (typeof name !== "string") failures.push({ property: at("name"), reason: "must be a string" });
  failures.push(...wrong("memory", size), ...wrong("vcpus", count));
  if (failures.length > 0 || !size.success || !count.success) return { failures };
  return { vm: { name: String(name), memory: size.data, vcpus: count.data }, failures };
}

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
