import type { FieldName } from "../args/fields.ts";
import { markedArguments } from "../args/written-arguments.ts";
import { ownershipMetadata } from "../domain/metadata.ts";
import type { Observation } from "../observe/observe.ts";
import type { UpdateContext } from "./context.ts";

/**
 * Records arguments in the mark of a definition before something else than a new definition sets them, so that what an
 * interrupted update leaves is known as its own.
 */
export async function markArguments(
  fields: FieldName[],
  { hypervisor, domain, news }: UpdateContext,
  { observed, definition }: Observation,
): Promise<void> {
  const { ownership, written: total, writtenArguments } = definition;
  const marked = markedArguments(writtenArguments, fields, news);
  if (ownership === undefined || !observed.persistent || marked === writtenArguments) return;
  const metadata = ownershipMetadata(ownership, { total, arguments: marked });
  await hypervisor.setMetadata(domain, metadata, { config: true });
}
