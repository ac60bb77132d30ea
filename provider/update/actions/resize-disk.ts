import type { ResizedDisk } from "../../args/disk-images.ts";
import { describeImage, sourceKey } from "../../args/disk-source.ts";
import { UserError } from "../../errors.ts";
import { capacityOf } from "../../observe/images.ts";
import { wouldShrink } from "../../plan/disks/plan-disks.ts";
import type { Observed } from "../../plan/observed.ts";
import type { Step } from "../../plan/plan.ts";
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
    const { key, source, size } = disk;
    const { observed } = now;
    // A disk that is defined for the next boot only isn't one of the running domain.
    const live = observed.live?.disks?.find((one) => sourceKey(one) === key);
    const capacity = await presentSize(disk, context, observed);
    if (capacity > size) {
      const { code, text } = wouldShrink(disk, capacity);
      throw new UserError(text, { code });
    }
    if (capacity < size && live !== undefined)
      await context.hypervisor.blockResize(context.domain, live.target, size);
    if (capacity < size && live === undefined) await growImage(context, source, size);
    const after = capacity === size ? capacity : await presentSize(disk, context, observed);
    return { ...now, observed: { ...observed, images: { ...observed.images, [key]: after } } };
  },
};

async function presentSize(disk: ResizedDisk, context: UpdateContext, observed: Observed): Promise<Bytes> {
  const { hypervisor, domain } = context;
  const capacity = await capacityOf(hypervisor, domain, observed, disk);
  if (capacity !== undefined) return capacity;
  const image = await findImage(context, disk.source);
  if (image !== undefined) return image.capacity;
  throw new UserError(`${describeImage(disk.source)} doesn't exist on ${hypervisor.uri}`, {
    code: "missing-on-host",
  });
}
