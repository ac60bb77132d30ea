import type { Kib } from "../units/kib.ts";
import { type Element, element, serialiseNode } from "./tree.ts";

/** A DIMM to attach. */
type DimmSpec = DimmPlace & {
  size: Kib;
  /** Guest NUMA node. */
  node: number;
  /** Must begin with `ua-`: libvirt keeps no other. */
  alias: string;
  /** Where on the host the memory comes from. */
  source?: { nodemask?: string; pageSize?: Kib };
};

/** libvirt's choice when left out. `base` is the start address in the guest, hexadecimal with 0x; it needs a slot. */
type DimmPlace = { slot: number; base?: string } | { slot?: never; base?: never };

/** The XML that attaches a DIMM. */
export function dimmXml(dimm: DimmSpec): string {
  const { source, slot, base } = dimm;
  return serialiseNode(
    element(
      "memory",
      { model: "dimm" },
      sourceElement(source),
      element(
        "target",
        {},
        element("size", { unit: "KiB" }, String(dimm.size)),
        element("node", {}, String(dimm.node)),
      ),
      element("alias", { name: dimm.alias }),
      slot === undefined ? undefined : element("address", { type: "dimm", slot, base }),
    ),
  );
}

/** Where on the host the memory of a device comes from. */
export function sourceElement(source: DimmSpec["source"]): Element | undefined {
  if (source === undefined) return undefined;
  const { pageSize, nodemask } = source;
  return element(
    "source",
    {},
    pageSize === undefined ? undefined : element("pagesize", { unit: "KiB" }, String(pageSize)),
    nodemask === undefined ? undefined : element("nodemask", {}, nodemask),
  );
}
