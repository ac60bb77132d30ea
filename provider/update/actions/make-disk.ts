import { UserError } from "../../errors.ts";
import type { Observation } from "../../observe/observe.ts";
import type { Reason, Step } from "../../plan/plan.ts";
import { findImage, growImage } from "../../storage/image.ts";
import type { Action } from "../action.ts";
import { unfitImage } from "../image-reasons.ts";
import { makeDiskImage } from "../make-image.ts";

/** Makes the empty image of a new disk; an image that is there already only grows. */
export const makeDisk: Action<Extract<Step, { kind: "makeDisk" }>> = {
  async run({ disk }, context, { now }) {
    const { key, source, size } = disk;
    const found = await findImage(context, source);
    if (found === undefined) {
      const where = now.observed.persistent ? { config: true } : { live: true };
      await makeDiskImage(context, context.domain, disk, where);
    } else {
      require(unfitImage(disk, found));
      if (found.capacity < size) await growImage(context, source, size);
    }
    const after = found?.capacity === size ? found : await findImage(context, source);
    return withImage(now, key, after?.capacity ?? 0);
  },
};

function require(reason: Reason | undefined): void {
  if (reason !== undefined) throw new UserError(reason.text, { code: reason.code });
}

function withImage(now: Observation, key: string, capacity: number): Observation {
  return { ...now, observed: { ...now.observed, images: { ...now.observed.images, [key]: capacity } } };
}
