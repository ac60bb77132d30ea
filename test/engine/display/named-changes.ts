import type { PropertyDifference } from "../hosts/difference.ts";
import { at, type Part, parsePath } from "../stack/property-path.ts";
import { isProps, type Props, type Value } from "../stack/values.ts";
import type { StepInfo } from "../steps/step.ts";

/**
 * The properties by which a step is shown to differ: those that the provider names, at any depth, else all inputs. As by the
 * real engine a new value is always that of the inputs, and an old one that of the outputs where the provider says so.
 */
export function shownChanges({ old, new: now, difference }: StepInfo): { olds: Props; news: Props } {
  const [oldInputs, inputs] = [old?.inputs ?? {}, now?.inputs ?? {}];
  if (!difference?.detailed) return { olds: oldInputs, news: inputs };
  const [olds, news]: Props[] = [{}, {}];
  for (const [path, { kind, ofInputs }] of difference.detailed) {
    const parts = parsePath(path);
    const before = at(ofInputs ? oldInputs : (old?.outputs ?? {}), path);
    put(olds ?? {}, parts, kind === "add" ? undefined : before);
    put(news ?? {}, parts, kind === "delete" ? undefined : at(inputs, path));
  }
  return { olds: olds ?? {}, news: news ?? {} };
}

/** Lists that end where the other side has more items. */
const shortened = new WeakSet<Value[]>();

/**
 * Sets a property with all that leads to it; of what is not there, only that. What a list has before it is null, in old and
 * new properties alike.
 */
function put(into: Props, [part, ...rest]: Part[], value: Value | undefined): void {
  if (part === undefined) return;
  const key = String(part);
  const [next] = rest;
  if (next === undefined) {
    if (value !== undefined) into[key] = value;
    return;
  }
  if (typeof next !== "number") {
    const inner = into[key];
    const props = isProps(inner) ? inner : {};
    into[key] = props;
    put(props, rest, value);
    return;
  }
  const list = Array.isArray(into[key]) ? into[key] : [];
  into[key] = list;
  const isMissing = value === undefined && rest.length === 1;
  // What follows a missing item is missing too.
  if (!shortened.has(list)) while (list.length < next) list.push(null);
  if (isMissing) {
    shortened.add(list);
    return;
  }
  const holder: Props = { item: list[next] ?? null };
  put(holder, ["item", ...rest.slice(1)], value);
  list[next] = holder.item ?? null;
}

/** The same as `pulumi preview --json` has it. */
export function jsonOfDifference({ difference }: StepInfo): object {
  if (!difference) return {};
  const { changedKeys, detailed } = difference;
  const kindOf = ({ kind, replaces }: PropertyDifference) => `${kind}${replaces ? "-replace" : ""}`;
  return {
    ...(changedKeys.length > 0 ? { diffReasons: changedKeys } : {}),
    ...(detailed && detailed.size > 0
      ? {
          detailedDiff: Object.fromEntries(
            [...detailed].map(([path, property]) => [
              path,
              { kind: kindOf(property), inputDiff: property.ofInputs },
            ]),
          ),
        }
      : {}),
  };
}
