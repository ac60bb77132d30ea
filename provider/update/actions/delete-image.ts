import { readMade } from "../../args/disk-images.ts";
import { observe } from "../../observe/observe.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";
import { updateLog } from "../context.ts";
import { unmarkImage } from "../make-image.ts";
import { deleteUnused } from "../unused-image.ts";

/**
 * Deletes the image of a disk that was removed. One that the domain's mark doesn't have wasn't made by this provider; one that a
 * domain of the host still has stays, with a warning.
 */
export const deleteImage: Action<Extract<Step, { kind: "deleteImage" }>> = {
  async run({ disk }, context, { now }) {
    const { hypervisor, domain } = context;
    const { definition, observed } = await observe(hypervisor, domain);
    if (!readMade(definition.writtenImages).includes(disk.key)) return now;
    const gone = await deleteUnused(context, [disk], domain, (text) => updateLog(context).warn(text));
    if (gone.length === 0) return now;
    const where = observed.persistent ? { config: true } : { live: true };
    await unmarkImage(hypervisor, domain, disk.key, where);
    return observe(hypervisor, domain);
  },
};
