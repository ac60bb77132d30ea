import { isDeepStrictEqual } from "node:util";
import { type ChangeNeeds, FIELD_NAMES, FIELDS, type FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { UNKNOWN } from "../args/size.ts";

/** The arguments that differ, in the order of the field table. */
export function changedFields(before: Partial<Inputs>, after: Partial<Inputs>): FieldName[] {
  return FIELD_NAMES.filter((name) => !isDeepStrictEqual(before[name], after[name]));
}

/** Those of them whose change needs this. A value that isn't known yet is never taken for a change that replaces. */
export function changesThatNeed(
  needs: ChangeNeeds,
  changed: FieldName[],
  after: Partial<Inputs>,
): FieldName[] {
  return changed.filter(
    (name) => FIELDS[name].change === needs && !(needs === "replace" && containsUnknown(after[name])),
  );
}

export function containsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(containsUnknown);
}
