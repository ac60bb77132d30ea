import { domainUuid, interfaceMac, resourceName } from "./identity.ts";
import type { Inputs, InterfaceInput } from "./inputs.ts";
import { DEFAULT_SLOTS, defaultCeiling } from "./limits.ts";
import { canonicalSize, readCanonicalSize, UNKNOWN } from "./size.ts";

/**
 * Adds what check computes: identity from the URN (the old one is kept, so that renaming a resource by an alias
 * keeps its domain), and ceiling and slots, which are carried over once they are set.
 *
 * @param news as the program gave them, for the hidden inputs
 * @param valid the arguments that passed their schema
 */
export function fillIn(
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
  valid: Record<string, unknown>,
): Partial<Inputs> {
  const old = olds as Partial<Inputs>;
  const urn = String(news.__urn);
  const inputs: Partial<Inputs> = {
    __urn: urn,
    name: resourceName(urn),
    uuid: old.uuid ?? domainUuid(urn),
    memorySlots: old.memorySlots ?? DEFAULT_SLOTS,
    ...valid,
  };
  if (typeof news.__provider === "string") inputs.__provider = news.__provider;
  if (news.__secret === true) inputs.__secret = true;
  if (Array.isArray(inputs.interfaces)) inputs.interfaces = withMacs(inputs.interfaces, old.interfaces, urn);
  if (inputs.maxMemory === undefined && inputs.memory !== undefined)
    inputs.maxMemory = ceiling(inputs, old.maxMemory);
  return inputs;
}

/** A carried-over ceiling that the memory has outgrown is set anew, as at creation. */
function ceiling(inputs: Partial<Inputs>, old: string | undefined): string {
  const { memory = UNKNOWN, arch } = inputs;
  if (memory === UNKNOWN || arch === UNKNOWN) return old ?? UNKNOWN;
  const wanted = readCanonicalSize(memory);
  if (old !== undefined && old !== UNKNOWN && readCanonicalSize(old) >= wanted) return old;
  return canonicalSize(defaultCeiling(wanted, arch));
}

function withMacs(
  interfaces: InterfaceInput[],
  old: InterfaceInput[] | undefined,
  urn: string,
): InterfaceInput[] {
  return interfaces.map((one, index) =>
    typeof one !== "object" || one.mac !== undefined
      ? one
      : { ...one, mac: old?.[index]?.mac ?? interfaceMac(urn, index) },
  );
}
