import { insertInOrder } from "./merge.ts";
import { attribute, children, type Element, element, find, setText, textOf } from "./tree.ts";

/** Gives a definition another name and UUID, also where its `<sysinfo>` repeats the UUID, as libvirt requires. */
export function setIdentity(domain: Element, { name, uuid }: { name: string; uuid: string }): void {
  setChild(domain, "name", name);
  setChild(domain, "uuid", uuid);
  const system = children(find(domain, "sysinfo"), "system");
  for (const entry of system.flatMap((one) => children(one, "entry")))
    if (attribute(entry, "name") === "uuid") setText(entry, uuid);
}

function setChild(domain: Element, name: string, text: string): void {
  const found = find(domain, name);
  if (found) setText(found, text);
  else insertInOrder(domain, element(name, {}, text));
}

/** The text of a definition's `<name>`. */
export function nameOf(domain: Element): string {
  return textOf(find(domain, "name"));
}
