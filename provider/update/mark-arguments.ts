import { markedArguments, withWritten } from "../args/written-arguments.ts";
import { ownershipMetadata } from "../domain/metadata.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { Observation } from "../observe/observe.ts";
import type { UpdateContext } from "./context.ts";

/**
 * Applies an argument by a call other than define, and first records it in the mark of the definition, by which what an interrupted
 * update leaves is recognized. What libvirt refuses isn't recorded.
 */
export async function withMark<T>(
  name: "autostart" | "currentMemory",
  { hypervisor, domain, before, news }: UpdateContext,
  { observed, definition }: Observation,
  work: () => Promise<T>,
): Promise<T> {
  const { ownership, written: total, writtenArguments, writtenImages: made } = definition;
  const known = withWritten(before, news, writtenArguments);
  const isChanged = before[name] !== news[name] || known[name] !== news[name];
  if (ownership === undefined || !observed.persistent || !isChanged) return work();
  const write = (written: string | undefined) =>
    hypervisor.setMetadata(domain, ownershipMetadata(ownership, { total, arguments: written, made }), {
      config: true,
    });
  const marked = markedArguments(writtenArguments, [name], news);
  // The definition of the same update may have brought it.
  if (marked !== writtenArguments) await write(marked);
  try {
    return await work();
  } catch (error) {
    if (error instanceof LibvirtError) await write(markedArguments(writtenArguments, [name], before));
    throw error;
  }
}
