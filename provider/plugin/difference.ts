import { isDeepStrictEqual } from "node:util";
import { FIELD_NAMES, FIELDS } from "../args/fields.ts";
import { OUTCOME_INPUTS } from "../args/inputs.ts";
import { propertyPath } from "../args/property-path.ts";
import { isRecord } from "../is-record.ts";
import type { DiffResult } from "../operations/diff.ts";
import { canonicalForm } from "./canonical-form.ts";

/** The kinds of PropertyDiff (provider.proto). */
export type PropertyDiffKind =
  | "ADD"
  | "ADD_REPLACE"
  | "DELETE"
  | "DELETE_REPLACE"
  | "UPDATE"
  | "UPDATE_REPLACE";

export interface PropertyDiff {
  kind: PropertyDiffKind;
  /** The engine shows the old value from the old inputs, else from the old outputs; the new one is always from the new inputs. */
  inputDiff: boolean;
}

/** Changed properties by Pulumi's property path, such as `hotplug.alignment` and `disks[0].file`. */
export type DetailedDiff = Record<string, PropertyDiff>;

/** What a difference is taken from. All values are plain: without Pulumi's wrappers of secrets. */
export interface Difference {
  oldInputs: Properties;
  news: Properties;
  /** The outputs in the state. */
  outputs: Properties;
  /** The answer of the operation. */
  answer: Pick<DiffResult, "changes" | "replaces">;
}

type Properties = Record<string, unknown>;

/** The arguments whose change is a difference, as for the operation itself, and the computed inputs. */
const COMPARED = [
  ...FIELD_NAMES.filter((name) => FIELDS[name].change !== "identity" && FIELDS[name].change !== "creation"),
  ...OUTCOME_INPUTS,
];

/**
 * The changed properties. Each change is in exactly one entry, at the innermost property that differs. Where only the domain
 * differs from what the program asks for, the entries are outputs.
 */
export function detailedDiff({ oldInputs, news, outputs, answer }: Difference): DetailedDiff {
  if (answer.changes === false) return {};
  const replaces = new Set(answer.replaces);
  const entries = COMPARED.flatMap((name) =>
    changesAt(
      [name],
      canonicalForm(name, ownValue(oldInputs, name)),
      canonicalForm(name, ownValue(news, name)),
    ).map(({ path, kind }): [string, PropertyDiff] => [
      propertyPath(path),
      { kind: replaces.has(name) ? `${kind}_REPLACE` : kind, inputDiff: true },
    ]),
  );
  const isShown = (name: string) => entries.some(([path]) => topLevelName(path) === name);
  // The replacement of a domain that differs from an unchanged argument.
  for (const name of replaces)
    if (!isShown(name)) entries.push([name, { kind: "UPDATE_REPLACE", inputDiff: false }]);
  if (entries.length === 0)
    for (const name of driftedOutputs(news, outputs))
      entries.push([name, { kind: "UPDATE", inputDiff: false }]);
  return Object.fromEntries(entries);
}

/** The top-level names of the changed properties, each once, in order. */
export function changedNames(diff: DetailedDiff): string[] {
  return [...new Set(Object.keys(diff).map(topLevelName))];
}

/** All names of this provider's properties are identifiers. */
function topLevelName(path: string): string {
  return /^[\w$]*/.exec(path)?.[0] ?? "";
}

type Path = readonly [string, ...(string | number)[]];

interface Change {
  path: Path;
  kind: "ADD" | "DELETE" | "UPDATE";
}

function changesAt(path: Path, before: unknown, after: unknown): Change[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (before === undefined) return [{ path, kind: "ADD" }];
  if (after === undefined) return [{ path, kind: "DELETE" }];
  if (Array.isArray(before) && Array.isArray(after))
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) =>
      changesAt([...path, index], before[index], after[index]),
    ).flat();
  if (isRecord(before) && isRecord(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      changesAt([...path, key], ownValue(before, key), ownValue(after, key)),
    );
  return [{ path, kind: "UPDATE" }];
}

function ownValue(properties: Properties, name: string): unknown {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The outputs that show how the domain differs from what the program asks for. */
function driftedOutputs(news: Properties, outputs: Properties): string[] {
  const wanted = ownValue(news, "memory");
  const { liveMemory, nextBootMemory, state } = outputs;
  const isOff = state === "shutoff";
  const names = [
    ...(liveMemory === undefined || liveMemory === wanted ? [] : ["liveMemory"]),
    ...(nextBootMemory === undefined || nextBootMemory === wanted ? [] : ["nextBootMemory"]),
    ...(state === undefined || isOff === (news.running === false) ? [] : ["state"]),
  ];
  // The guest lacks memory that its domain has.
  return names.length === 0 ? ["guestMemory"] : names;
}
