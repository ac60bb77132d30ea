import { presentDevice } from "../../plan/device-list/present-device.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";
import { Removal } from "../removal.ts";

/**
 * Detaches a disk or a network interface from the running domain, and waits until the guest has released it. If an earlier
 * request is unanswered, it waits for that first.
 */
export const detachDevice: Action<Extract<Step, { kind: "detachDevice" }>> = {
  async run(step, context, progress) {
    const { now } = progress;
    const present = presentDevice(step, now.observed.live);
    if (present === undefined) return now;
    const alias = present.alias ?? "";
    const removal = new Removal(
      { alias, what: `the ${step.device} is still attached`, stays: `the ${step.device} was not detached` },
      context,
      progress,
    );
    const earlier = await removal.earlierAnswer();
    return removal.settle(earlier.kind === "no-answer" ? await removal.request() : earlier);
  },
};
