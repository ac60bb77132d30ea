import { isIP } from "node:net";
import { defined } from "../defined.ts";
import type { FoundAddress } from "./addresses.ts";

/** What the state keeps of a guest's addresses, where the program asks for them. */
export interface AddressRecord {
  addresses: FoundAddress[];
  /** The MACs of cards without an address, for which an update or a create has waited. */
  missing: string[];
}

/** An address in the outputs (sdk/domain-outputs.ts). */
export interface AddressOutput {
  mac: string;
  address: string;
  family: "ipv4" | "ipv6";
  prefix?: number;
  source: FoundAddress["source"];
}

/** The ARP table has no prefixes. */
const NO_PREFIX = 0;

export function addressOutput({ mac, address, prefix, source }: FoundAddress): AddressOutput {
  const family = isIP(address) === 6 ? ("ipv6" as const) : ("ipv4" as const);
  return defined({ mac, address, family, prefix: prefix === NO_PREFIX ? undefined : prefix, source });
}

/** Undefined where the state has no addresses: nobody asked for them yet. */
export function recordedAddresses(
  state: { addresses?: AddressOutput[]; __awaitedAddresses?: string[] } | undefined,
): AddressRecord | undefined {
  if (state?.addresses === undefined) return undefined;
  const addresses = state.addresses.map(({ mac, address, prefix = NO_PREFIX, source }) => ({
    mac,
    address,
    prefix,
    source,
  }));
  return { addresses, missing: state.__awaitedAddresses ?? [] };
}
