import { FIELDS } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { editByDefinitions, editDefinition } from "../domain/edit.ts";
import type { DomainSpec } from "../domain/spec.ts";
import { keptIfUnnamed } from "../plan/changed-fields.ts";
import { definitionXml } from "./domain-spec.ts";
import type { DomainType } from "./platform.ts";

/** What an edit of a definition depends on, besides the arguments. */
export interface EditContext {
  /** The definition that arguments ask for. */
  specOf(inputs: Inputs): DomainSpec;
  type: DomainType;
  /** The domain was not created by this provider: what the program doesn't name stays as the domain has it. */
  adopted: boolean;
}

/**
 * The inactive definition with what differs between the arguments before and now, except for memory sizes. What the program
 * no longer names becomes its default, or what the program's own XML has.
 *
 * @param present with the secrets in it
 */
export function editedDefinition(
  present: string,
  { before, news }: { before: Inputs; news: Inputs },
  { specOf, type, adopted }: EditContext,
): string {
  const named = adopted ? withoutUnnamed(before, news) : before;
  const [was, wanted] = [specOf(named), specOf(news)];
  if (news.xml === undefined) return editDefinition(present, was, wanted);
  return editByDefinitions(
    present,
    definitionXml(named, was, type),
    definitionXml(news, wanted, type),
    news.numa === undefined,
  );
}

function withoutUnnamed(before: Inputs, news: Inputs): Inputs {
  const kept = Object.entries(before).filter(
    ([name]) => !(name in FIELDS && keptIfUnnamed(name as keyof typeof FIELDS, news)),
  );
  return Object.fromEntries(kept) as unknown as Inputs;
}
