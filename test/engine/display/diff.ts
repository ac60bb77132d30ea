import { isProps, isSecret, type Props, UNKNOWN, type Value } from "../stack/values.ts";
import { CHANGE_SYMBOL, changesBetween, visible } from "./values.ts";

/** Lines of `name: value`, for a resource that comes or goes. */
export function propertyLines(props: Props, indent: string): string[] {
  return lines(visible(props), indent);
}

/** Lines of what differs: `+ name: new`, `- name: old`, `~ name: old => new`; `+-` where it causes a replacement. */
export function differenceLines(
  olds: Props,
  news: Props,
  o: { indent: string; replaceReasons?: string[] },
): string[] {
  const { indent, replaceReasons = [] } = o;
  const changes = changesBetween(olds, news);
  const [before, after] = [visible(olds), visible(news)];
  const width = Math.max(0, ...[...changes.keys()].map((key) => key.length));
  return [...changes].flatMap(([key, change]) => {
    const symbol = replaceReasons.includes(key) ? "+-" : `${CHANGE_SYMBOL[change]} `;
    const [old, now] = [before[key], after[key]];
    const head = `${indent}${symbol}${key.padEnd(width)}: `;
    if (old === undefined || now === undefined) return valueLines(head, now ?? old ?? null, `${indent}  `);
    const [oldParts, nowParts] = [partsOf(old), partsOf(now)];
    if (!oldParts || !nowParts || Array.isArray(old) !== Array.isArray(now)) {
      return [`${head}${inline(old)} => ${inline(now)}`];
    }
    const [open, close] = Array.isArray(now) ? "[]" : "{}";
    return [
      `${head}${open}`,
      ...differenceLines(oldParts, nowParts, { indent: `${indent}    ` }),
      `${indent}  ${close}`,
    ];
  });
}

function lines(props: Props, indent: string): string[] {
  const width = Math.max(0, ...Object.keys(props).map((key) => key.length));
  return Object.entries(props).flatMap(([key, value]) =>
    valueLines(`${indent}${key.padEnd(width)}: `, value, indent),
  );
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
