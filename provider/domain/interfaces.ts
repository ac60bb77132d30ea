import { defined } from "../defined.ts";
import type { InterfaceSpec } from "./spec.ts";
import type { CardState } from "./state.ts";
import {
  attribute,
  children,
  type Element,
  element,
  find,
  type SharedElement,
  serialiseNode,
} from "./tree.ts";

/** The network interfaces of a domain, in the order of the XML. */
export function readCards(domain: SharedElement): CardState[] {
  return children(find(domain, "devices"), "interface").map((card) => {
    const kind = attribute(card, "type") ?? "";
    const link = attribute(find(card, "link"), "state");
    return defined({
      kind,
      source: attribute(find(card, "source"), kind),
      model: attribute(find(card, "model"), "type") ?? "",
      mac: (attribute(find(card, "mac"), "address") ?? "").toLowerCase(),
      link: link === "down" || link === "up" ? (link as "up" | "down") : undefined,
      alias: attribute(find(card, "alias"), "name"),
    });
  });
}

/** Cards that libvirt knows as conventional PCI devices. It puts them behind a bridge, for which it adds a root port itself. */
const CONVENTIONAL: ReadonlySet<string> = new Set(["e1000", "rtl8139", "vmxnet3"]);

export function isConventionalCard(model: string): boolean {
  return CONVENTIONAL.has(model);
}

export function interfaceElement({ kind, source, mac, model, link, alias }: InterfaceSpec): Element {
  return element(
    "interface",
    { type: kind },
    element("mac", { address: mac }),
    source === undefined ? undefined : element("source", { [kind]: source }),
    element("model", { type: model }),
    link === undefined ? undefined : element("link", { state: link }),
    alias === undefined ? undefined : element("alias", { name: alias }),
  );
}

/** The XML that attaches or changes a network interface. */
export function interfaceXml(card: InterfaceSpec): string {
  return serialiseNode(interfaceElement(card));
}
