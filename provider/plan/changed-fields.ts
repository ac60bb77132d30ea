import { isDeepStrictEqual } from "node:util";
import { withoutWaits } from "../args/addresses.ts";
import { type ChangeNeeds, FIELD_NAMES, FIELDS, type FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { containsUnknown } from "../args/unknown.ts";

/** Arguments whose change makes no difference to an existing resource. */
const WITHOUT_DIFFERENCE: ReadonlySet<ChangeNeeds> = new Set(["creation", "identity"]);

/** What a program leaves to an adopted domain by not naming it: everything that libvirt's XML stores, and autostart. */
const KEPT_BY_ADOPTED: ReadonlySet<ChangeNeeds> = new Set([
  "vcpus",
  "devices",
  "graphics",
  "nextBoot",
  "definition",
  "replace",
]);

/** Whether an adopted domain keeps what it has, since the program doesn't name the argument (any more). */
export function keptIfUnnamed(name: FieldName, inputs: Partial<Inputs>): boolean {
  return inputs[name] === undefined && (KEPT_BY_ADOPTED.has(FIELDS[name].change) || name === "autostart");
}

/** The arguments that differ, in the order of the field table, without those that only matter at creation. */
export function changedFields(before: Partial<Inputs>, after: Partial<Inputs>): FieldName[] {
  return FIELD_NAMES.filter(
    (name) => !WITHOUT_DIFFERENCE.has(FIELDS[name].change) && !isDeepStrictEqual(before[name], after[name]),
  );
}

/** The changed arguments with this entry in the table. A value that isn't known yet doesn't count as a replacing change. */
export function changesThatNeed(
  needs: ChangeNeeds,
  changed: FieldName[],
  after: Partial<Inputs>,
): FieldName[] {
  return changed.filter(
    (name) => FIELDS[name].change === needs && !(needs === "replace" && containsUnknown(after[name])),
  );
}

/** The changed arguments that change nothing in the domain: settings, and arguments in which only a setting changed. */
export function changedSettings(
  before: Partial<Inputs>,
  after: Partial<Inputs>,
  changed: FieldName[],
): FieldName[] {
  return changed.filter(
    (name) =>
      FIELDS[name].change === "setting" ||
      isDeepStrictEqual(withoutWaits(name, before[name]), withoutWaits(name, after[name])),
  );
}

/** The fields of both, in the order of the field table. */
export function unionOf(changed: FieldName[], left: FieldName[]): FieldName[] {
  return left.length === 0
    ? changed
    : FIELD_NAMES.filter((name) => changed.includes(name) || left.includes(name));
}
