import { posix } from "node:path";
import type { ImageSource } from "../args/disk-source.ts";
import { attribute, children, type SharedElement, textOf } from "../domain/tree.ts";

/**
 * Whether a definition has the image anywhere: as a disk, below another image, or as a kernel. A volume of a pool may be a file that has
 * its name, and the other way round.
 */
export function namesImage(element: SharedElement, source: ImageSource): boolean {
  return isNamedBy(element, source) || children(element).some((child) => namesImage(child, source));
}

function isNamedBy(element: SharedElement, source: ImageSource): boolean {
  const volume = attribute(element, "volume");
  const texts = [...element.attributes.keys()].map((name) => attribute(element, name) ?? "");
  const paths = [...texts, textOf(element).trim()].filter((text) => text.startsWith("/"));
  if (source.kind === "file") {
    const file = posix.normalize(source.file);
    return volume === posix.basename(file) || paths.some((path) => posix.normalize(path) === file);
  }
  if (volume !== undefined) return volume === source.volume && attribute(element, "pool") === source.pool;
  return paths.some((path) => posix.basename(path) === source.volume);
}
