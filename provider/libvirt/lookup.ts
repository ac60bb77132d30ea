import { ErrorCode, hasCode } from "./errors.ts";
import type { DomainRef } from "./hypervisor.ts";

/** The domain that a look-up finds; undefined where libvirt has none. */
export async function unlessMissing(lookup: Promise<{ domain: DomainRef }>): Promise<DomainRef | undefined> {
  try {
    return (await lookup).domain;
  } catch (error) {
    if (hasCode(error, ErrorCode.NO_DOMAIN)) return undefined;
    throw error;
  }
}

/** Whether a look-up finds something; `missing` is libvirt's code for where it doesn't. */
export async function exists(lookup: Promise<unknown>, missing: number): Promise<boolean> {
  try {
    await lookup;
    return true;
  } catch (error) {
    if (hasCode(error, missing)) return false;
    throw error;
  }
}
