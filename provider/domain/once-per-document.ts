import type { SharedElement } from "./tree.ts";

/** A reading of a document that is made once for each one, as long as the document is kept. Nobody may change what it gives. */
export function oncePerDocument<T extends object>(
  read: (root: SharedElement) => T,
): (root: SharedElement) => T {
  const known = new WeakMap<SharedElement, T>();
  return (root) => {
    const found = known.get(root) ?? read(root);
    known.set(root, found);
    return found;
  };
}
