import { type Observation, observe } from "../../observe/observe.ts";
import { isOff } from "../../observe/wait-for-domain.ts";
import { describePause, pauseOf } from "../../plan/pause.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";
import { type UpdateContext, updateLog } from "../context.ts";

/** Starts a domain whose saved state libvirt restores. */
export const restore: Action<Extract<Step, { kind: "restore" }>> = {
  async run(_step, context) {
    const { hypervisor, domain } = context;
    if (!(await isOff(hypervisor, domain))) return observe(hypervisor, domain);
    if (!(await hypervisor.hasManagedSave(domain)))
      throw new Error("its saved state no longer exists, so a start would boot the guest; preview again");
    await hypervisor.start(domain);
    return resumed(await observe(hypervisor, domain), context);
  },
};

/** A guest that was paused when it was saved is paused again. */
async function resumed(restored: Observation, context: UpdateContext): Promise<Observation> {
  const { hypervisor, domain, news } = context;
  const pause = pauseOf(restored.observed);
  if (pause?.kind !== "suspended") return restored;
  if (news.running === true) {
    await hypervisor.resume(domain);
    return observe(hypervisor, domain);
  }
  await updateLog(context).warn(
    `the domain was paused when it was saved, and is ${describePause(pause)} again; running: true resumes it`,
  );
  return restored;
}
