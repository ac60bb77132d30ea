import { messageOf } from "../message-of.ts";
import type { Kib } from "../units/kib.ts";
import { listsNumber } from "../units/number-list.ts";
import { parseScaled } from "../units/scale.ts";
import { XmlError } from "./escape.ts";
import { attribute, children, type Element, element, find, type SharedElement } from "./tree.ts";

/** Where the host's memory for a guest comes from (libvirt, formatdomain, "Memory Backing" and "NUMA Node Tuning"). */
export interface MemoryBacking {
  /** `<hugepages>`; empty: base pages. */
  hugePages: HugePages[];
  /** `<numatune>` with mode strict: the host nodes of all guest nodes, and those of single ones. */
  hostNodes?: string;
  hostNodesOf: Map<number, string>;
}

/** What is left out is libvirt's default in a new domain, and stays in an existing one. */
export interface MemoryBackingSpec {
  /** The size of the huge pages. */
  hugePages?: Kib;
  locked?: boolean;
  shared?: boolean;
}

interface HugePages {
  /** Undefined: the host's default huge page. */
  size?: Kib;
  /** The guest nodes that have it; undefined: those without pages of their own. */
  nodes?: string;
}

/** The pages that back the memory of one guest node. */
export interface BackingPages {
  /** "default": the host's default huge page. Undefined: base pages. */
  pageSize?: Kib | "default";
  /** The host nodes that they come from; undefined: any. */
  nodemask?: string;
}

export function readBacking(domain: SharedElement): MemoryBacking {
  const hugePages = find(domain, "memoryBacking", "hugepages");
  const pages = children(hugePages, "page");
  const tune = find(domain, "numatune");
  const strict = (of: SharedElement | undefined) =>
    (attribute(of, "mode") ?? "strict") === "strict" ? attribute(of, "nodeset") : undefined;
  const hostNodes = strict(find(tune, "memory"));
  const single = children(tune, "memnode").flatMap((node): [number, string][] => {
    const nodes = strict(node);
    return nodes === undefined ? [] : [[Number(attribute(node, "cellid")), nodes]];
  });
  return {
    hugePages: hugePages === undefined ? [] : pages.length === 0 ? [{}] : pages.map(readPage),
    ...(hostNodes !== undefined && { hostNodes }),
    hostNodesOf: new Map(single),
  };
}

/** libvirt requires a size (virDomainHugepagesParseXML). */
function readPage(page: SharedElement): HugePages {
  const size = attribute(page, "size");
  const nodes = attribute(page, "nodeset");
  return {
    ...(size !== undefined && { size: scaled(size, attribute(page, "unit")) }),
    ...(nodes !== undefined && { nodes }),
  };
}

function scaled(size: string, unit: string | undefined): Kib {
  try {
    return parseScaled("<page size>", size, unit);
  } catch (error) {
    throw new XmlError(messageOf(error));
  }
}

/** Memory that is shared needs a file: that of the huge pages, else a memfd. libvirt's own default is a file on a disk. */
export function backingElement({ hugePages, locked, shared }: MemoryBackingSpec): Element | undefined {
  if (hugePages === undefined && locked !== true && shared !== true) return undefined;
  return element(
    "memoryBacking",
    {},
    hugePages === undefined
      ? undefined
      : element("hugepages", {}, element("page", { size: hugePages, unit: "KiB" })),
    locked ? element("locked") : undefined,
    shared && hugePages === undefined ? element("source", { type: "memfd" }) : undefined,
    shared ? element("access", { mode: "shared" }) : undefined,
  );
}

/** Whether a definition has what the program sets of its memory's backing; whatever else it has is ignored. */
export function isBackedAs(domain: SharedElement, { hugePages, locked, shared }: MemoryBackingSpec): boolean {
  const backing = find(domain, "memoryBacking");
  const isLocked = find(backing, "locked") !== undefined;
  const isShared = attribute(find(backing, "access"), "mode") === "shared";
  const pages = hugePages === undefined ? [] : readBacking(domain).hugePages;
  return (
    (hugePages === undefined || pages.some(({ size, nodes }) => size === hugePages && nodes === undefined)) &&
    (locked ?? isLocked) === isLocked &&
    (shared ?? isShared) === isShared
  );
}

/** The pages for memory of a guest node, or of a device on it that has no source of its own (qemuBuildMemoryBackendProps). */
export function backingPages(
  { hugePages, hostNodes, hostNodesOf }: MemoryBacking,
  node: number,
): BackingPages {
  const own = hugePages.find(({ nodes }) => nodes !== undefined && listsNumber(nodes, node));
  const pages = own ?? hugePages.find(({ nodes }) => nodes === undefined);
  const nodemask = hostNodesOf.get(node) ?? hostNodes;
  return {
    ...(pages !== undefined && { pageSize: pages.size ?? ("default" as const) }),
    ...(nodemask !== undefined && { nodemask }),
  };
}
