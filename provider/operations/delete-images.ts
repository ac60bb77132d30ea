import { diskImages, isAmong } from "../args/disk-images.ts";
import { redact } from "../args/redact.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import type { Outputs } from "../outputs.ts";
import type { Session } from "../session.ts";
import { deleteUnused } from "../update/unused-image.ts";

/**
 * Deletes the images of a domain that is gone: those that this provider made and that the program doesn't keep (`onDelete:
 * "delete"`), except where another domain has them by now. An image that can't be deleted stays, with a warning: its domain is
 * gone already.
 *
 * @param made the images that this provider made
 */
export async function deleteImages(
  session: Session,
  hypervisor: Hypervisor,
  state: Outputs,
  made: readonly string[],
): Promise<void> {
  const images = diskImages(state).filter(({ key, onDelete }) => onDelete === "delete" && isAmong(made, key));
  await deleteUnused({ session, hypervisor }, images, state, (text) =>
    session.log.message(state.__urn, "warning", redact(text, state)),
  );
}
