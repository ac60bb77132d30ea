import { equal, isProps, isSecret, type Props, UNKNOWN, type Value } from "../stack/values.ts";
import { CHANGE_SYMBOL, type Change, changesBetween, visible } from "./values.ts";

/** Lines of `name: value`, for a resource that comes or goes. */
export function propertyLines(props: Props, indent: string): string[] {
  return lines(props, { indent, sign: "" });
}

/** Lines of what differs: `+ name: new`, `- name: old`, `~ name: old => new`. */
export function differenceLines(olds: Props, news: Props, indent: string): string[] {
  return changedLines(olds, news, { indent, content: "" });
}

/**
 * Lines of outputs that are not inputs as well, as they were before and are now. `all`: also those that did not
 * change.
 */
export function outputLines(
  o: { olds: Props | undefined; news: Props; inputs: Props; all: boolean },
  indent: string,
): string[] {
  const { olds = {}, news, inputs, all } = o;
  const changes = o.olds === undefined ? new Map<string, Change>() : changesBetween(olds, news);
  const [before, after] = [visible(olds), visible(news)];
  const keys = Object.keys({ ...before, ...after }).sort();
  const width = widest(changes.size === 0 ? Object.keys(news) : keys);
  return keys.flatMap((key) => {
    const [old, now] = [before[key], after[key]];
    if (now !== undefined && equal(inputs[key], now)) return [];
    const change = changes.get(key);
    if (change) return changeLines(change, { old, now }, { title: key.padEnd(width), indent, content: "" });
    if (o.olds !== undefined && !all) return [];
    return valueLines(`${indent}${key.padEnd(width)}: `, now ?? null, { indent, sign: "" });
  });
}

const LEVEL = "    ";

/** `indent`: of the lines, with room for a sign at its end. `sign`: what stands there, if anything does. */
interface Place {
  indent: string;
  sign: string;
}

/** `content`: how much further than by its level the content of each part is indented. */
interface PlaceOfParts {
  indent: string;
  content: string;
}

function begin({ indent, sign }: Place): string {
  return sign === "" ? indent : `${indent.slice(2)}${sign} `;
}

function changedLines(olds: Props, news: Props, { indent, content }: PlaceOfParts): string[] {
  const changes = changesBetween(olds, news);
  const [before, after] = [visible(olds), visible(news)];
  const width = widest([...changes.keys()]);
  return [...changes].flatMap(([key, change]) =>
    changeLines(change, { old: before[key], now: after[key] }, { title: key.padEnd(width), indent, content }),
  );
}

function changeLines(
  change: Change,
  { old, now }: { old: Value | undefined; now: Value | undefined },
  { title, indent, content }: PlaceOfParts & { title: string },
): string[] {
  const sign = CHANGE_SYMBOL[change];
  const head = `${begin({ indent, sign })}${title}: `;
  const inner = indent + content;
  if (old === undefined || now === undefined) {
    return valueLines(head, now ?? old ?? null, { indent: inner, sign });
  }
  if (typeof old === "string" && typeof now === "string" && `${old}${now}`.includes("\n")) {
    return [head, ...textLines(old, now).map((line) => `${inner}  ${line}`)];
  }
  const [oldParts, nowParts] = [partsOf(old), partsOf(now)];
  if (!oldParts || !nowParts || Array.isArray(old) !== Array.isArray(now)) {
    return [`${head}${inline(old)} => ${inline(now)}`];
  }
  const [open, close] = Array.isArray(now) ? "[]" : "{}";
  const below = { indent: inner + LEVEL, content: Array.isArray(now) ? LEVEL : "" };
  return [`${head}${open}`, ...changedLines(oldParts, nowParts, below), `${inner}${close}`];
}

/** Of texts of several lines, the lines that went and came between those that both begin and end with. */
function textLines(old: string, now: string): string[] {
  const [before, after] = [old.split("\n"), now.split("\n")];
  const shorter = Math.min(before.length, after.length);
  let same = 0;
  while (same < shorter && before[same] === after[same]) same++;
  let end = 0;
  while (end < shorter - same && before.at(-1 - end) === after.at(-1 - end)) end++;
  return [
    ...before.slice(0, same).map((line) => `  ${line}`),
    ...before.slice(same, before.length - end).map((line) => `- ${line}`),
    ...after.slice(same, after.length - end).map((line) => `+ ${line}`),
    ...after.slice(after.length - end).map((line) => `  ${line}`),
  ];
}

/** In columns as wide as the longest name, which may be that of a property that isn't shown. */
function lines(props: Props, place: Place): string[] {
  const width = widest(Object.keys(props));
  return Object.entries(visible(props)).flatMap(([key, value]) =>
    valueLines(`${begin(place)}${key.padEnd(width)}: `, value, place),
  );
}

function widest(keys: string[]): number {
  return Math.max(0, ...keys.map((key) => key.length));
}

function valueLines(head: string, value: Value, { indent, sign }: Place): string[] {
  const parts = partsOf(value);
  if (!parts || Object.keys(parts).length === 0) return [`${head}${inline(value)}`];
  const below = { indent: indent + LEVEL, sign };
  if (!Array.isArray(value)) return [`${head}{`, ...lines(parts, below), `${indent}}`];
  const items = Object.entries(parts).flatMap(([position, item]) =>
    valueLines(`${begin({ indent, sign })}${LEVEL}${position}: `, item, below),
  );
  return [`${head}[`, ...items, `${indent}]`];
}

/** A list's items by their position, an object's by name; undefined for what has no parts to show. */
function partsOf(value: Value): Props | undefined {
  if (Array.isArray(value)) return Object.fromEntries(value.map((item, i) => [`[${i}]`, item]));
  return isProps(value) && !isSecret(value) ? value : undefined;
}

function inline(value: Value): string {
  if (isSecret(value)) return "[secret]";
  if (value === UNKNOWN) return "[unknown]";
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (!isProps(value)) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}: ${inline(item)}`)
    .join(", ")}}`;
}
