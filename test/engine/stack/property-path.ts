import { isProps, type Props, type Value } from "./values.ts";

/** A step of a property path: a name, a position in a list, or "*" for all of either. */
export type Part = string | number;

/** A path as Pulumi writes it: `a.b[0]["c.d"].*`. */
export function parsePath(path: string): Part[] {
  const parts: Part[] = [];
  const part = /\.?(?:\[(\d+)\]|\[\*\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+))/y;
  while (part.lastIndex < path.length) {
    const found = part.exec(path);
    if (!found) throw new Error(`"${path}" is not a property path`);
    const [, position, quoted, name] = found;
    if (position !== undefined) parts.push(Number(position));
    else parts.push(quoted?.replace(/\\(.)/g, "$1") ?? name ?? "*");
  }
  return parts;
}

/** Whether the path leads to the property or to what contains it. */
export function contains(path: string, property: string): boolean {
  const [outer, inner] = [parsePath(path), parsePath(property)];
  return outer.length <= inner.length && outer.every((part, i) => part === "*" || part === inner[i]);
}

export function topOf(path: string): string {
  return String(parsePath(path)[0] ?? "");
}

function childOf(value: Value | undefined, part: Part): Value | undefined {
  if (Array.isArray(value)) return typeof part === "number" ? value[part] : undefined;
  return isProps(value) ? value[String(part)] : undefined;
}

/** The property of `props` at the path, which has no "*"; undefined where there is none. */
export function at(props: Props, path: string): Value | undefined {
  let value: Value | undefined = props;
  for (const part of parsePath(path)) value = childOf(value, part);
  return value;
}

/** `props` with what `olds` has at the path in its place, as far as both have what the path leads through. */
export function restored(props: Props, olds: Props, path: string): Props {
  const value = restoredValue(props, olds, parsePath(path));
  return isProps(value) ? value : props;
}

function restoredValue(value: Value | undefined, old: Value | undefined, path: Part[]): Value | undefined {
  const [part, ...rest] = path;
  if (part === undefined) return old;
  if (Array.isArray(value)) {
    if (!Array.isArray(old)) return value;
    const isMeant = (i: number) => i < old.length && (part === "*" || part === i);
    return value.map((item, i) => (isMeant(i) ? (restoredValue(item, old[i], rest) ?? null) : item));
  }
  if (!isProps(value) || !isProps(old)) return value;
  const changed: Props = { ...value };
  const keys = part === "*" ? Object.keys({ ...value, ...old }) : [String(part)];
  for (const key of keys) {
    const inner = restoredValue(value[key], old[key], rest);
    if (inner === undefined) delete changed[key];
    else changed[key] = inner;
  }
  return changed;
}
