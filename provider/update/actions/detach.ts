import { defined } from "../../defined.ts";
import { type Offlining, takeOffline } from "../../guest/take-offline.ts";
import { SPEAKERS } from "../../guest/text.ts";
import { messageOf } from "../../message-of.ts";
import { definitionOfPresent } from "../../plan/definition/steps.ts";
import { desiredMemory } from "../../plan/desired.ts";
import { isSameDimm } from "../../plan/observed.ts";
import { type DimmRemoval, detachedDimms, type Step } from "../../plan/plan.ts";
import { sum } from "../../units/kib.ts";
import { formatSize } from "../../units/size.ts";
import type { Action } from "../action.ts";
import { onlyRemovesDimms, type UpdateContext, updateLog } from "../context.ts";
import { postconditionFailed } from "../postconditions.ts";
import { lackingMemory, queryGuest } from "../query-guest.ts";
import { Removal } from "../removal.ts";
import { defineWhatIsLeft } from "./define.ts";

type DetachStep = Extract<Step, { kind: "detach" }>;

/**
 * Unplugs a DIMM from the running domain: requests its removal by alias, and waits for the guest to release it. If an
 * earlier request is unanswered, it waits for that first, and repeats the request only if the guest still doesn't
 * answer. A DIMM counts as removed only once it is gone.
 */
export const detach: Action<DetachStep> = {
  /** A DIMM with an earlier request is being released already, and one that is re-plugged costs the guest nothing. */
  needs({ dimm }, context, { unanswered }) {
    return onlyRemovesDimms(context) && !unanswered.has(dimm.alias) ? { guest: dimm.size } : {};
  },

  /** libvirt has confirmed the removal by then; the guest's report is for the state. */
  async prepare(context) {
    if (!onlyRemovesDimms(context)) return undefined;
    return async ({ now }) => {
      const guest = await queryGuest(context, now);
      const { memory, speaker } = guest ?? {};
      const isReported = memory !== undefined && speaker !== undefined;
      const has = isReported
        ? `; the guest has ${formatSize(memory)} (reported by ${SPEAKERS[speaker]})`
        : "";
      const removed = `${describeRemoved(context.plan.steps)}${has}`;
      const shortfall = guest && lackingMemory(context, removed, guest);
      if (shortfall === undefined) await updateLog(context).info(removed);
      return { now, guest, isAwaited: false, ...defined({ shortfall }) };
    };
  },

  async run({ dimm }, context, progress) {
    const { now, unanswered } = progress;
    const present = now.observed.live?.devices.find(({ alias }) => alias === dimm.alias);
    if (present === undefined) return now;
    if (!isSameDimm({ model: "dimm", ...dimm }, present))
      throw postconditionFailed(
        `${dimm.alias} is another DIMM than the one to remove: ${formatSize(present.size)} at ${present.base ?? "an unknown address"} instead of ${formatSize(dimm.size)} at ${dimm.base ?? "an unknown address"}`,
      );
    const what = `${formatSize(dimm.size)} is still plugged`;
    const removal = new Removal({ alias: dimm.alias, what, stays: STAYS }, context, progress);
    const earlier = await removal.earlierAnswer();
    if (earlier.kind !== "no-answer") return removal.settle(earlier);
    const offlining = await takeBlocksOffline(dimm, context, removal);
    if (offlining.kind === "refused") throw new Error(`the guest refused: ${offlining.reason}; ${STAYS}`);
    if (offlining.kind === "offline" && offlining.agentError !== undefined)
      await updateLog(context).info(
        `the guest agent is connected but unusable (${offlining.agentError}): it takes no memory blocks offline before the removal`,
      );
    if (offlining.kind === "no-answer")
      throw new Error(
        `no answer within ${removal.time}: ${offlining.reason}; ${STAYS}${describeOffline(offlining.blocks)}`,
      );
    try {
      return removal.settle(await removal.request(), describeOffline(offlining.blocks));
    } catch (error) {
      if (!unanswered.has(dimm.alias)) await offlining.putBack();
      throw error;
    }
  },

  /**
   * After a removal that ended halfway: sets the definition, from which all of it was removed, to the memory that is
   * left, so that the next boot has it.
   */
  async afterFailure(_step, context, _progress, latest) {
    const { plan, news, session, adopted, observation, state } = context;
    const desired = desiredMemory(news, session.defaults, adopted);
    const before = state?.__observed.live?.memory ?? observation.observed.live?.memory ?? 0;
    const left = latest.observed.live?.memory ?? before;
    const isDefined = plan.steps.some(({ kind }) => kind === "define");
    if (desired === undefined || !isDefined || left >= before) return undefined;
    try {
      const [step] = definitionOfPresent(desired, latest.observed);
      return step === undefined ? latest : await defineWhatIsLeft(step, context);
    } catch (error) {
      await updateLog(context).warn(
        `memory was removed, but the definition could not be set to what is left: ${messageOf(error)}`,
      );
      return undefined;
    }
  },
};

const STAYS = "the DIMM was not removed";

/** First takes the DIMM's blocks offline in the guest, if its agent can. */
async function takeBlocksOffline(
  dimm: DimmRemoval,
  { hypervisor, domain, observation }: UpdateContext,
  removal: Removal,
): Promise<Offlining> {
  if (!observation.agentConnected) return { kind: "offline", blocks: 0, putBack: async () => {} };
  return takeOffline(hypervisor, domain, dimm, removal.deadline());
}

/** Memory that is plugged but not used by the guest, whose own figures are therefore lower. */
function describeOffline(blocks: number): string {
  if (blocks === 0) return "";
  return `; ${blocks === 1 ? "1 of its memory blocks is" : `${blocks} of its memory blocks are`} offline in the guest`;
}

/** "removed 768 MiB from slots 2, 1" */
function describeRemoved(steps: Step[]): string {
  const dimms = detachedDimms(steps);
  const size = formatSize(sum(dimms.map((dimm) => dimm.size)));
  const slots = dimms.flatMap(({ slot }) => slot ?? []).join(", ");
  return `removed ${size}${slots === "" ? "" : ` from ${dimms.length === 1 ? "slot" : "slots"} ${slots}`}`;
}
