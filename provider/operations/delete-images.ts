import { diskImages } from "../args/disk-images.ts";
import { redact } from "../args/redact.ts";
import { parseDomain } from "../domain/parse.ts";
import { children, type Element, textOf } from "../domain/tree.ts";
import { ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import type { Outputs } from "../outputs.ts";
import type { Session } from "../session.ts";
import { deleteImage } from "../storage/image.ts";

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
  const images = diskImages(state).filter(
    ({ file, onDelete }) => onDelete === "delete" && made.includes(file),
  );
  if (images.length === 0) return;
  const others = await definitions(hypervisor);
  for (const { file } of images) {
    const warn = (why: string) => {
      const text = redact(`${file} isn't deleted: ${why}`, state);
      return session.log.message(state.__urn, "warning", text);
    };
    const user = others.find(({ xml }) => names(parseDomain(xml).root, file));
    if (user !== undefined) await warn(`domain ${user.name} has it too`);
    else
      await deleteImage({ session, hypervisor }, { kind: "file", file }).catch((error: unknown) =>
        warn(messageOf(error)),
      );
  }
}

/** Whether a definition has the file anywhere: as a disk, below another image, or as a kernel. */
function names(element: Element, file: string): boolean {
  return (
    [...element.attributes.values()].some((value) => value === file) ||
    textOf(element).trim() === file ||
    children(element).some((child) => names(child, file))
  );
}

/** A domain that goes meanwhile has no disk any more. */
async function definitions(hypervisor: Hypervisor): Promise<{ name: string; xml: string }[]> {
  const found = await Promise.all(
    (await hypervisor.list()).map(async (domain) => {
      try {
        return [{ name: domain.name, xml: await hypervisor.xml(domain, { inactive: false }) }];
      } catch (error) {
        if (hasCode(error, ErrorCode.NO_DOMAIN)) return [];
        throw error;
      }
    }),
  );
  return found.flat();
}
