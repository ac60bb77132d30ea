import { isProps, isSecret, type Props, UNKNOWN, type Value } from "../stack/values.ts";
import { CHANGE_SYMBOL, type Change, changesBetween, visible } from "./values.ts";

/** Lines of `name: value`, for a resource that comes or goes. */
export function propertyLines(props: Props, indent: string): string[] {
  return lines(visible(props), indent);
}

/** Lines of what differs: `+ name: new`, `- name: old`, `~ name: old => new`. */
export function differenceLines(olds: Props, news: Props, indent: string): string[] {
  const changes = changesBetween(olds, news);
  const [before, after] = [visible(olds), visible(news)];
  const width = widest([...changes.keys()]);
  return [...changes].flatMap(([key, change]) =>
    changeLines(change, before[key], after[key], { title: key.padEnd(width), indent }),
  );
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
  const [before, after] = [visible(olds), visible(news)];
  const changes = changesBetween(olds, news);
  const keys = Object.keys({ ...before, ...after }).sort();
  const width = widest(keys);
  return keys.flatMap((key) => {
    const [old, now] = [before[key], after[key]];
    if (now !== undefined && !changesBetween({ key: inputs[key] ?? null }, { key: now }).size) return [];
    const change = o.olds === undefined ? undefined : changes.get(key);
    if (change) return changeLines(change, old, now, { title: key.padEnd(width), indent });
    if (o.olds !== undefined && !all) return [];
    return valueLines(`${indent}  ${key.padEnd(width)}: `, now ?? null, `${indent}  `);
  });
}

function changeLines(
  change: Change,
  old: Value | undefined,
  now: Value | undefined,
  { title, indent }: { title: string; indent: string },
): string[] {
  const head = `${indent}${CHANGE_SYMBOL[change]} ${title}: `;
  if (old === undefined || now === undefined) return valueLines(head, now ?? old ?? null, `${indent}  `);
  if (typeof old === "string" && typeof now === "string" && `${old}${now}`.includes("\n")) {
    return [head, ...textLines(old, now).map((line) => `${indent}    ${line}`)];
  }
  const [oldParts, nowParts] = [partsOf(old), partsOf(now)];
  if (!oldParts || !nowParts || Array.isArray(old) !== Array.isArray(now)) {
    return [`${head}${inline(old)} => ${inline(now)}`];
  }
  const [open, close] = Array.isArray(now) ? "[]" : "{}";
  return [`${head}${open}`, ...differenceLines(oldParts, nowParts, `${indent}    `), `${indent}  ${close}`];
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

function lines(props: Props, indent: string): string[] {
  const width = widest(Object.keys(props));
  return Object.entries(props).flatMap(([key, value]) =>
    valueLines(`${indent}${key.padEnd(width)}: `, value, indent),
  );
}

function widest(keys: string[]): number {
  return Math.max(0, ...keys.map((key) => key.length));
}

function valueLines(head: string, value: Value, indent: string): string[] {
  const parts = partsOf(value);
  if (!parts || Object.keys(parts).length === 0) return [`${head}${inline(value)}`];
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return [`${head}${open}`, ...lines(parts, `${indent}    `), `${indent}${close}`];
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
