import { resizedDisks } from "../args/disk-images.ts";
import type { Inputs } from "../args/inputs.ts";
import { withImages } from "../observe/images.ts";
import type { LookupResult, Session } from "../session.ts";

interface Looked {
  uri: string;
  uuid: string;
  /** The arguments before the change, and after it. */
  before: Partial<Inputs>;
  news: Inputs;
}

/**
 * A look at a domain, and at the images whose `size` changes: one call for each. Like the look itself they are asked for once in a
 * run. Where they can't be, the plan is made from the earlier sizes.
 */
export async function lookWithImages(
  session: Session,
  { uri, uuid, before, news }: Looked,
): Promise<LookupResult> {
  const look = await session.look(uri, uuid);
  const images = resizedDisks(before, news);
  if (look.kind !== "found" || images.length === 0) return look;
  const { observation } = look;
  const domain = { name: observation.definition.name, uuid, id: observation.running?.id ?? -1 };
  const notes = session.run.domain(uuid);
  const key = JSON.stringify(images);
  if (notes.images?.key !== key) {
    const asked = session.ask(uri, (hypervisor) => withImages(hypervisor, domain, observation, images));
    notes.images = { key, asked };
  }
  return { kind: "found", observation: (await notes.images?.asked) ?? observation };
}
