import {
  attribute,
  children,
  type Element,
  element,
  find,
  insertAll,
  removeAll,
  replaceAll,
  type SharedElement,
  serialiseNode,
  setAttribute,
  setText,
  textOf,
} from "./tree.ts";

/** The order in which libvirt prints the children of an element, by the element's name. It accepts any order. */
const ORDERS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "domain",
    [
      ...["name", "uuid", "genid", "title", "description", "metadata", "maxMemory", "memory"],
      ...["currentMemory", "blkiotune", "memtune", "memoryBacking", "vcpu", "vcpus", "iothreads", "cputune"],
      ...["numatune", "resource", "sysinfo", "os", "features", "cpu", "clock", "on_poweroff", "on_reboot"],
      ...["on_crash", "pm", "perf", "devices"],
    ],
  ],
  ["os", ["type", "firmware", "loader", "nvram", "kernel", "initrd", "cmdline", "boot"]],
  ["cpu", ["model", "vendor", "maxphysaddr", "topology", "cache", "feature", "numa"]],
]);

/** Inserts children at the places where libvirt prints them. */
export function insertInOrder(parent: Element, ...inserted: Element[]): void {
  insertAll(parent, inserted, ORDERS.get(parent.name));
}

/**
 * Applies the difference between `before` and `after`, both built by this provider, to an element that libvirt or a user
 * wrote. What doesn't differ isn't touched. Without `before`, all of `after` is applied.
 */
export function merge(found: Element, before: Element | undefined, after: Element): void {
  for (const name of before?.attributes.keys() ?? []) {
    if (!after.attributes.has(name)) setAttribute(found, name, undefined);
  }
  for (const name of after.attributes.keys()) {
    const value = attribute(after, name);
    if (!before || attribute(before, name) !== value) setAttribute(found, name, value);
  }
  if (textOf(after) !== textOf(before)) setText(found, textOf(after));
  mergeChildren(found, before, after);
}

function mergeChildren(found: Element, before: Element | undefined, after: Element): void {
  const [old, wanted, present] = [before, after, found].map(identified);
  const leftovers = new Set<Element>();
  for (const [key, was] of old ?? []) {
    const leftover = present?.get(key);
    if (leftover === undefined || wanted?.has(key) || isKept(leftover) || isOfOthers(found, leftover, was))
      continue;
    // What others set in it stays.
    if (SHARED.has(leftover.name)) merge(leftover, was, element(leftover.name));
    if (!SHARED.has(leftover.name) || children(leftover).length === 0) leftovers.add(leftover);
  }
  const missing: Element[] = [];
  const replaced = new Map<Element, Element>();
  for (const [key, child] of wanted ?? []) {
    const was = old?.get(key);
    const there = present?.get(key);
    if (was && serialiseNode(was) === serialiseNode(child)) continue;
    if (!there) missing.push(child);
    else if (isKept(there)) continue;
    else if (isOfOtherKind(there, child)) replaced.set(there, child);
    else merge(there, was, child);
  }
  // Each in one pass, however many there are.
  removeAll(found, (child) => leftovers.has(child));
  replaceAll(found, replaced);
  insertInOrder(found, ...missing);
}

/** A controller is never changed or removed: other disks may be attached to it. */
function isKept(element: Element): boolean {
  return element.name === "controller";
}

/** Elements with parts that have nothing to do with each other: they are removed with the last one. */
const SHARED: ReadonlySet<string> = new Set(["memoryBacking", "hugepages"]);

/** A source of the memory that this provider didn't set. */
function isOfOthers(parent: Element, found: Element, was: Element): boolean {
  const type = (source: Element) => attribute(source, "type");
  return parent.name === "memoryBacking" && found.name === "source" && type(found) !== type(was);
}

/** The child elements by their identity; of those that aren't distinguished, the first one. */
function identified(parent: Element | undefined): Map<string, Element> {
  const counts = new Map<string, number>();
  const found = new Map<string, Element>();
  for (const child of children(parent)) {
    const index = counts.get(child.name) ?? 0;
    counts.set(child.name, index + 1);
    const key = `${child.name} ${IDENTITIES.get(child.name)?.(child, index) ?? ""}`;
    if (!found.has(key)) found.set(key, child);
  }
  return found;
}

/** All child elements by their identity: those that have none of their own are distinguished by their position. */
export function identitiesOf(parent: SharedElement): Map<string, SharedElement> {
  const counts = new Map<string, number>();
  const found = new Map<string, SharedElement>();
  for (const child of children(parent)) {
    const kind = `${child.name} ${IDENTITIES.get(child.name)?.(child, 0) ?? ""}`;
    const index = counts.get(kind) ?? 0;
    counts.set(kind, index + 1);
    found.set(`${kind} ${index}`, child);
  }
  return found;
}

/** The identity of elements that can occur several times, by their name. */
const IDENTITIES: ReadonlyMap<
  string,
  (element: SharedElement, index: number) => string | number | undefined
> = new Map<string, (element: SharedElement, index: number) => string | number | undefined>([
  ["disk", (disk) => attribute(find(disk, "target"), "dev")],
  ["controller", (controller) => `${attribute(controller, "type")} ${attribute(controller, "index")}`],
  ["interface", (card) => attribute(find(card, "mac"), "address")?.toLowerCase()],
  ["serial", (serial, index) => attribute(find(serial, "target"), "port") ?? index],
  ["channel", (channel) => attribute(find(channel, "target"), "name")],
  // Also the domain's own <memory>, which has no alias.
  ["memory", (device) => attribute(find(device, "alias"), "name")],
  ["cell", (cell, index) => attribute(cell, "id") ?? index],
  ["page", (page) => attribute(page, "nodeset")],
  ["graphics", (graphics) => attribute(graphics, "type")],
  ["rng", (rng) => attribute(find(rng, "backend"), "model")],
  // The watchdog of the chipset doesn't exclude another one.
  ["watchdog", (watchdog) => (attribute(watchdog, "model") === "itco" ? "itco" : undefined)],
]);

/** What makes the rest of an element (addresses, options) meaningless when it changes. */
const KINDS: ReadonlyMap<string, (element: Element) => unknown[]> = new Map<
  string,
  (element: Element) => unknown[]
>([
  ["disk", (disk) => [attribute(disk, "device") ?? "disk", attribute(find(disk, "target"), "bus")]],
  ["interface", (card) => [attribute(find(card, "model"), "type")]],
  ["serial", (serial) => [attribute(serial, "type")]],
  ["memballoon", (balloon) => [attribute(balloon, "model")]],
  ["video", (video) => [attribute(find(video, "model"), "type")]],
  ["listen", (listen) => [attribute(listen, "type")]],
  ["tpm", (tpm) => [attribute(find(tpm, "backend"), "type")]],
  ["watchdog", (watchdog) => [attribute(watchdog, "model")]],
]);

function isOfOtherKind(found: Element, wanted: Element): boolean {
  // A source is replaced as a whole: options of the old one don't fit the new one.
  if (found.name === "source") return true;
  const kind = KINDS.get(found.name);
  return kind !== undefined && String(kind(found)) !== String(kind(wanted));
}
