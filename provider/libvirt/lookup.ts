import { ErrorCode, hasCode } from "./errors.ts";
import type { DomainRef } from "./hypervisor.ts";

/** What a look-up finds; undefined where libvirt replies with `missing`, its code for that. */
export async function found<T>(lookup: Promise<T>, missing: number): Promise<T | undefined> {
  try {
    return await lookup;
  } catch (error) {
    if (hasCode(error, missing)) return undefined;
    throw error;
  }
}

/** The domain that a look-up finds; undefined where libvirt has none. */
export async function unlessMissing(lookup: Promise<{ domain: DomainRef }>): Promise<DomainRef | undefined> {
  return (await found(lookup, ErrorCode.NO_DOMAIN))?.domain;
}

/** Whether a look-up finds something. */
export async function exists(lookup: Promise<object>, missing: number): Promise<boolean> {
  return (await found(lookup, missing)) !== undefined;
}
