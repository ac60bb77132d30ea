import { defined } from "../defined.ts";
import type { CardState } from "../domain/state.ts";
import type { FoundAddress } from "../guest/addresses.ts";
import { ALIASES } from "../plan/device-list/aliases.ts";
import type { Observed } from "../plan/observed.ts";
import type { DeviceLook } from "./look.ts";
import { describePresence, inEither, type Presence } from "./presence.ts";

export interface ExplainedInterface extends Presence {
  mac: string;
  /** In the program, by its alias. */
  name?: string;
  kind: string;
  /** The network or the bridge. */
  source?: string;
  model: string;
  link: "up" | "down";
  /** Of the running guest. */
  addresses: Pick<FoundAddress, "address" | "prefix" | "source">[];
}

export function explainedInterfaces(
  { live, nextBoot }: Observed,
  { addresses: { addresses } }: Pick<DeviceLook, "addresses">,
): ExplainedInterface[] {
  return inEither(live?.cards, nextBoot?.cards, ({ mac }: CardState) => mac).map(({ device, presence }) => {
    const { mac, alias, kind, source, model, link = "up" } = device;
    const isNamed = alias?.startsWith(ALIASES.interface) === true && alias[ALIASES.interface.length] !== "_";
    return defined({
      ...{ mac, kind, source, model, link, ...presence },
      name: isNamed ? alias.slice(ALIASES.interface.length) : undefined,
      addresses: addresses
        .filter((one) => one.mac === mac)
        .map(({ address, prefix, source }) => defined({ address, prefix, source })),
    });
  });
}

/** `52:54:00:6b:3c:58 "lan": network default, virtio; 192.168.122.17/24 (lease)` */
export function describeInterface(card: ExplainedInterface, areBoth: boolean): string {
  const { mac, name, kind, source, model, link, addresses } = card;
  const from = source === undefined ? `${kind} network` : `${kind} ${source}`;
  return [
    [
      `${mac}${name === undefined ? "" : ` "${name}"`}: ${from}`,
      model,
      ...(link === "down" ? ["link down"] : []),
    ].join(", "),
    ...addresses.map(
      ({ address, prefix, source }) =>
        `${address}${prefix === undefined ? "" : `/${prefix}`} (${SOURCES[source]})`,
    ),
    ...describePresence(card, areBoth),
  ].join("; ");
}

const SOURCES = { agent: "guest agent", lease: "DHCP lease", arp: "ARP table" } as const;
