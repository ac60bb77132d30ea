import { UserError } from "../../errors.ts";
import { capacityOf } from "../../observe/images.ts";
import { wouldShrink } from "../../plan/disks/plan-disks.ts";
import type { DiskSizePlan, Step } from "../../plan/plan.ts";
import { findImage, growImage } from "../../storage/image.ts";
import type { Bytes } from "../../units/bytes.ts";
import type { Action } from "../action.ts";
import type { UpdateContext } from "../context.ts";

/**
 * Grows a disk: of the running domain by virDomainBlockResize, of one that is off by virStorageVolResize. The former shrinks as
 * well without an error, so the capacity is read right before.
 */
export const resizeDisk: Action<Extract<Step, { kind: "resizeDisk" }>> = {
  async run({ disk }, context, { now }) {
    const { file, size } = disk;
    const { capacity, isLive } = await presentSize(disk, context, now.observed.live !== undefined);
    if (capacity > size) {
      const { code, text } = wouldShrink(disk, capacity);
      throw new UserError(text, { code });
    }
    if (capacity < size && isLive) await context.hypervisor.blockResize(context.domain, file, size);
    if (capacity < size && !isLive) await growImage(context, { kind: "file", file }, size);
    const after = capacity === size ? capacity : (await presentSize(disk, context, isLive)).capacity;
    return { ...now, observed: { ...now.observed, images: { ...now.observed.images, [file]: after } } };
  },
};

/** A disk that is defined for the next boot only isn't one of the running domain. */
async function presentSize(
  { file }: DiskSizePlan,
  context: UpdateContext,
  isRunning: boolean,
): Promise<{ capacity: Bytes; isLive: boolean }> {
  const { hypervisor, domain } = context;
  const capacity = await capacityOf(hypervisor, domain, file);
  if (capacity !== undefined) return { capacity, isLive: isRunning };
  const image = await findImage(context, { kind: "file", file });
  if (image === undefined)
    throw new UserError(`${file} doesn't exist on ${hypervisor.uri}`, { code: "missing-on-host" });
  return { capacity: image.capacity, isLive: false };
}
