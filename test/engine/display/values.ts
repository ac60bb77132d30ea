import { equal, isProps, isSecret, type Props, UNKNOWN, type Value } from "../stack/values.ts";

/** Without what is never shown: properties whose names begin with two underscores, at any depth. */
export function visible(props: Props): Props {
  const shown = Object.entries(props).filter(([key]) => !key.startsWith("__"));
  return Object.fromEntries(shown.map(([key, value]) => [key, visibleValue(value)]));
}

function visibleValue(value: Value): Value {
  if (isSecret(value)) return value;
  if (Array.isArray(value)) return value.map(visibleValue);
  return isProps(value) ? visible(value) : value;
}

/** What may be printed: a secret is "[secret]", a value that is not known yet "[unknown]". */
export function printable(value: Value): Value {
  if (isSecret(value)) return "[secret]";
  if (value === UNKNOWN) return "[unknown]";
  if (Array.isArray(value)) return value.map(printable);
  if (!isProps(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, printable(item)]));
}

export type Change = "added" | "deleted" | "updated";
export const CHANGE_SYMBOL: Record<Change, string> = { added: "+", deleted: "-", updated: "~" };

/** Of visible properties, by name; those that are equal are not in it. */
export function changesBetween(olds: Props, news: Props): Map<string, Change> {
  const changes = new Map<string, Change>();
  const [before, after] = [visible(olds), visible(news)];
  for (const key of Object.keys({ ...before, ...after }).sort()) {
    if (equal(before[key], after[key])) continue;
    const change = !(key in before) ? "added" : !(key in after) ? "deleted" : "updated";
    changes.set(key, change);
  }
  return changes;
}

/** `[diff: +a,b-c~d]`, or nothing. */
export function diffSummary(olds: Props, news: Props): string {
  const changes = [...changesBetween(olds, news)];
  const groups = (["added", "deleted", "updated"] as const).map((kind) => {
    const keys = changes.filter(([, change]) => change === kind).map(([key]) => key);
    return keys.length > 0 ? CHANGE_SYMBOL[kind] + keys.join(",") : "";
  });
  const text = groups.join("");
  return text === "" ? "" : `[diff: ${text}]`;
}
