import { isDeepStrictEqual } from "node:util";
import { type ChangeNeeds, FIELD_NAMES, FIELDS, type FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { containsUnknown } from "../args/unknown.ts";

/** What says how a resource begins, or is computed once, makes no difference later. */
const WITHOUT_DIFFERENCE: ReadonlySet<ChangeNeeds> = new Set(["creation", "identity"]);

/** The arguments that differ, in the order of the field table; not those that only say how a resource begins. */
export function changedFields(before: Partial<Inputs>, after: Partial<Inputs>): FieldName[] {
  return FIELD_NAMES.filter(
    (name) => !WITHOUT_DIFFERENCE.has(FIELDS[name].change) && !isDeepStrictEqual(before[name], after[name]),
  );
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
