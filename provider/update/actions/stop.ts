import { DEFAULT_SHUTDOWN_TIMEOUT } from "../../args/limits.ts";
import { observe } from "../../observe/observe.ts";
import { isOff, waitUntilOff } from "../../observe/wait-for-domain.ts";
import type { Step } from "../../plan/plan.ts";
import type { Action } from "../action.ts";
import type { UpdateContext } from "../context.ts";
import { forceOff, requestShutdown } from "../power-off.ts";
import { isRestart } from "../put-back.ts";

/** Shuts the guest down. One that doesn't shut down in time keeps running, unless the user allowed to force it off. */
export const stop: Action<Extract<Step, { kind: "stop" }>> = {
  async run({ force, atOnce }, context) {
    const { hypervisor, domain } = context;
    if (await isOff(hypervisor, domain)) return observe(hypervisor, domain);
    if (atOnce) await forceOff(hypervisor, domain);
    else await shutDown(force, context);
    return observe(hypervisor, domain);
  },
};

async function shutDown(
  force: boolean,
  { hypervisor, domain, news, session, plan }: UpdateContext,
): Promise<void> {
  const seconds = news.shutdownTimeout ?? DEFAULT_SHUTDOWN_TIMEOUT;
  await requestShutdown(hypervisor, domain);
  // A guest of a restart that shuts down must be started again, so a cancelled run doesn't leave this wait.
  const clock = isRestart(plan) ? session.steadyClock : session.clock;
  const { deadline, text } = session.patience(seconds, "shutdownTimeout", clock);
  if (await waitUntilOff(hypervisor, domain, deadline)) return;
  if (!force)
    throw new Error(
      `the guest did not shut down within ${text} and is still running; set forceOff: true to force it off`,
    );
  await forceOff(hypervisor, domain);
}
