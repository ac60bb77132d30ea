import type { Kib } from "../units/kib.ts";
import { type Element, element, serialiseNode } from "./tree.ts";

/** A DIMM to attach. */
type DimmSpec = DimmPlace & {
  size: Kib;
  /** Guest NUMA node. */
  node: number;
  /** Must begin with `ua-`: libvirt replaces any other alias. */
  alias: string;
  /** The host memory that backs it. */
  source?: { nodemask?: string; pageSize?: Kib };
};

/** libvirt chooses what is left out. `base` is the start address in the guest, hexadecimal with 0x; it requires a slot. */
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

/** The host memory that backs a device. */
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
