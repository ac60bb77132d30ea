import type { Kib } from "../units/kib.ts";
import { type Element, element, setAttribute, setText } from "./tree.ts";

/** An element such as `<memory unit='KiB'>1027072</memory>`. */
export function sizeElement(name: string, size: Kib): Element {
  return element(name, { unit: "KiB" }, String(size));
}

/** Sets an element's size, in KiB whatever its unit was. */
export function writeSize(of: Element, size: Kib): void {
  setAttribute(of, "unit", "KiB");
  setText(of, String(size));
}
