import { canonicalSize, readCanonicalSize } from "../units/size.ts";
import { domainUuid, interfaceMac, resourceName } from "./identity.ts";
import type { Inputs, InterfaceInput, NumaNodeInput } from "./inputs.ts";
import { defaultMaxMemory, guestWidth, memoryCap } from "./max-memory.ts";
import type { Defaults } from "./settings.ts";
import { UNKNOWN } from "./unknown.ts";

/**
 * Adds what check computes: name and identity from the URN (the old ones are kept, so that renaming a resource by an
 * alias keeps its domain), and ceiling and slots, which are carried over once they are set.
 *
 * @param news as the program gave them, for the hidden inputs
 * @param valid the arguments that passed their schema
 */
export function fillIn(
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
  valid: Record<string, unknown>,
  defaults: Defaults,
): Partial<Inputs> {
  const old = olds as Partial<Inputs>;
  const urn = String(news.__urn);
  const inputs: Partial<Inputs> = {
    __urn: urn,
    name: old.name ?? resourceName(urn),
    uuid: old.uuid ?? domainUuid(urn),
    memorySlots: old.memorySlots ?? defaults.memorySlots,
    ...valid,
  };
  if (typeof news.__provider === "string") inputs.__provider = news.__provider;
  if (news.__secret === true) inputs.__secret = true;
  if (Array.isArray(inputs.interfaces)) inputs.interfaces = withMacs(inputs.interfaces, old.interfaces, urn);
  if (inputs.memory === undefined && inputs.numa !== undefined) inputs.memory = sumOfCells(inputs.numa);
  if (inputs.maxMemory === undefined && inputs.memory !== undefined)
    inputs.maxMemory = ceiling(inputs.memory, inputs, old.maxMemory, defaults);
  return inputs;
}

/**
 * A carried-over ceiling that the memory has outgrown is set anew, as at creation; one beyond the cap, since the
 * guest's width is another one now, comes down to it.
 */
function ceiling(
  memory: string,
  inputs: Partial<Inputs>,
  old: string | undefined,
  defaults: Defaults,
): string {
  if (memory === UNKNOWN) return UNKNOWN;
  const wanted = readCanonicalSize(memory);
  const kept = old === undefined || readCanonicalSize(old) < wanted ? undefined : readCanonicalSize(old);
  const width = guestWidth(inputs);
  if (width === undefined) return kept === undefined ? UNKNOWN : canonicalSize(kept);
  const cap = memoryCap(width, defaults);
  return canonicalSize(
    kept === undefined ? defaultMaxMemory(wanted, cap) : Math.min(kept, Math.max(wanted, cap)),
  );
}

/** The memory of a domain that names the memory of its nodes alone. */
function sumOfCells(numa: NumaNodeInput[] | string): string {
  if (typeof numa === "string" || numa.some((cell) => typeof cell === "string" || cell.memory === UNKNOWN))
    return UNKNOWN;
  return canonicalSize(
    numa.reduce((sum, cell) => sum + (cell.memory === undefined ? 0 : readCanonicalSize(cell.memory)), 0),
  );
}

/** An interface keeps the MAC that its place in the list had, unless the program now gives that to another one. */
function withMacs(interfaces: InterfaceInput[], old: InterfaceInput[] = [], urn: string): InterfaceInput[] {
  const given = new Set(interfaces.map((one) => one.mac));
  return interfaces.map((one, index) => {
    if (typeof one !== "object" || one.mac !== undefined) return one;
    const kept = old[index]?.mac;
    return { ...one, mac: kept === undefined || given.has(kept) ? interfaceMac(urn, index) : kept };
  });
}
