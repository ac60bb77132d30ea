import { defined } from "../defined.ts";
import type { CardState } from "./state.ts";
import { attribute, children, type Element, find } from "./tree.ts";

/** The network interfaces of a domain, in the order of the XML. */
export function readCards(domain: Element): CardState[] {
  return children(find(domain, "devices"), "interface").map((card) => {
    const kind = attribute(card, "type") ?? "";
    return defined({
      kind,
      source: attribute(find(card, "source"), kind),
      mac: (attribute(find(card, "mac"), "address") ?? "").toLowerCase(),
    });
  });
}
