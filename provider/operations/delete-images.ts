import { diskImages } from "../args/disk-images.ts";
import { describeImage, type ImageSource } from "../args/disk-source.ts";
import { redact } from "../args/redact.ts";
import { readDomainXml } from "../domain/parse.ts";
import { attribute, children, type SharedElement, textOf } from "../domain/tree.ts";
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
  const images = diskImages(state).filter(({ key, onDelete }) => onDelete === "delete" && made.includes(key));
  if (images.length === 0) return;
  const others = await definitions(hypervisor);
  for (const { source } of images) {
    const warn = (why: string) => {
      const text = redact(`${describeImage(source)} isn't deleted: ${why}`, state);
      return session.log.message(state.__urn, "warning", text);
    };
    const user = others.find(({ xml }) => names(readDomainXml(xml), source));
    if (user !== undefined) await warn(`domain ${user.name} has it too`);
    else await deleteImage({ session, hypervisor }, source).catch((error: unknown) => warn(messageOf(error)));
  }
}

/** Whether a definition has the file anywhere: as a disk, below another image, or as a kernel. */
function names(element: SharedElement, source: ImageSource): boolean {
  const isSame =
    source.kind === "volume"
      ? attribute(element, "pool") === source.pool && attribute(element, "volume") === source.volume
      : [...element.attributes.keys()].some((name) => attribute(element, name) === source.file) ||
        textOf(element).trim() === source.file;
  return isSame || children(element).some((child) => names(child, source));
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
