import { Cancelled } from "../errors.ts";
import { messageOf } from "../message-of.ts";
import type { Observation } from "../observe/observe.ts";
import type { Step } from "../plan/plan.ts";
import type { Action, Confirm, MemoryNeeds } from "./action.ts";
import { attach } from "./actions/attach.ts";
import { attachDevice, updateDevice } from "./actions/attach-device.ts";
import { autostart } from "./actions/autostart.ts";
import { balloon } from "./actions/balloon.ts";
import { changePassword } from "./actions/change-password.ts";
import { define } from "./actions/define.ts";
import { deleteImage } from "./actions/delete-image.ts";
import { detach } from "./actions/detach.ts";
import { detachDevice } from "./actions/detach-device.ts";
import { discard } from "./actions/discard.ts";
import { makeDisk } from "./actions/make-disk.ts";
import { plugVcpus } from "./actions/plug-vcpus.ts";
import { resize } from "./actions/resize.ts";
import { resizeDisk } from "./actions/resize-disk.ts";
import { restore } from "./actions/restore.ts";
import { resume, wake } from "./actions/resume.ts";
import { start } from "./actions/start.ts";
import { stop } from "./actions/stop.ts";
import { unplugVcpus } from "./actions/unplug-vcpus.ts";
import type { Progress, UpdateContext } from "./context.ts";
import { requireDone } from "./postconditions.ts";

/** What each kind of step does. Confirmations run in this order. */
const ACTIONS: { [K in Step["kind"]]: Action<Extract<Step, { kind: K }>> } = {
  resize,
  attach,
  detach,
  makeDisk,
  deleteImage,
  resizeDisk,
  detachDevice,
  updateDevice,
  attachDevice,
  balloon,
  plugVcpus,
  unplugVcpus,
  changePassword,
  define,
  autostart,
  restore,
  discard,
  resume,
  wake,
  start,
  stop,
  replace: {
    run: () => Promise.reject(new Error("Pulumi replaces a domain by delete and create, not in an update")),
  },
};

/** The action has the step's own kind, which TypeScript doesn't follow through the table. */
function actionOf<S extends Step>(step: S): Action<S> {
  return ACTIONS[step.kind] as Action<S>;
}

export function memoryNeeds(step: Step, context: UpdateContext, progress: Progress): MemoryNeeds {
  return actionOf(step).needs?.(step, context, progress) ?? {};
}

/** Asks the guest for its memory before the first step. */
export async function prepareConfirmations(context: UpdateContext): Promise<Confirm[]> {
  const confirms: Confirm[] = [];
  for (const { prepare } of Object.values(ACTIONS)) {
    const confirm = await prepare?.(context);
    if (confirm !== undefined) confirms.push(confirm);
  }
  return confirms;
}

/**
 * Carries out one step and reads the domain back.
 *
 * @throws Error that names the step, with libvirt's error as its cause
 */
export async function runStep(step: Step, context: UpdateContext, progress: Progress): Promise<Observation> {
  try {
    const after = await actionOf(step).run(step, context, progress);
    requireDone(carriedOut(step, progress), progress.now, after, context.news.hotplug?.before !== undefined);
    return after;
  } catch (cause) {
    if (cause instanceof Cancelled) throw cause;
    const { name } = context.domain;
    throw new Error(`Unable to ${step.sentence} (domain ${name}): ${messageOf(cause)}`, { cause });
  }
}

/** The step as it was carried out: a definition that somebody else changed meanwhile is another one than planned. */
export function carriedOut(step: Step, { definition }: Progress): Step {
  return step.kind === "define" && definition !== undefined ? definition.step : step;
}

/** @returns the domain as it is after the failed step, if it differs from the state */
export async function afterFailure(
  step: Step,
  context: UpdateContext,
  progress: Progress,
  latest: Observation,
): Promise<Observation | undefined> {
  return actionOf(step).afterFailure?.(step, context, progress, latest);
}
