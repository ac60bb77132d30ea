import { markedArguments, withWritten } from "../args/written-arguments.ts";
import { ownershipMetadata } from "../domain/metadata.ts";
import type { Observation } from "../observe/observe.ts";
import type { UpdateContext } from "./context.ts";

/**
 * Records arguments in the mark of a definition before something else than a new definition sets them, so that what an
 * interrupted update leaves is known as its own.
 */
export async function markArguments(
  fields: ("autostart" | "currentMemory")[],
  { hypervisor, domain, before, news }: UpdateContext,
  { observed, definition }: Observation,
): Promise<void> {
  const { ownership, written: total, writtenArguments } = definition;
  const known = withWritten(before, news, writtenArguments);
  const changed = fields.filter((name) => before[name] !== news[name] || known[name] !== news[name]);
  const marked = markedArguments(writtenArguments, changed, news);
  if (ownership === undefined || !observed.persistent || marked === writtenArguments) return;
  const metadata = ownershipMetadata(ownership, { total, arguments: marked });
  await hypervisor.setMetadata(domain, metadata, { config: true });
}
