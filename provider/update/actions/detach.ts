import type { Deadline } from "../../deadline.ts";
import { defined } from "../../defined.ts";
import type { Detaching } from "../../guest/record.ts";
import { type Offlining, takeOffline } from "../../guest/take-offline.ts";
import { SPEAKERS } from "../../guest/text.ts";
import { ConnectionError, ErrorCode, hasCode } from "../../libvirt/errors.ts";
import { messageOf } from "../../message-of.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import { waitForDomain } from "../../observe/wait-for-domain.ts";
import { definitionOfPresent } from "../../plan/definition/steps.ts";
import { desiredMemory } from "../../plan/desired.ts";
import { isSameDimm, type Observed } from "../../plan/observed.ts";
import { type DimmRemoval, detachedDimms, type Step } from "../../plan/plan.ts";
import { sum } from "../../units/kib.ts";
import { formatSize } from "../../units/size.ts";
import type { Action } from "../action.ts";
import {
  onlyRemovesDimms,
  type Progress,
  secondsForGuest,
  type UpdateContext,
  updateLog,
} from "../context.ts";
import { postconditionFailed } from "../postconditions.ts";
import { lackingMemory, queryGuest } from "../query-guest.ts";
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
    const removal = new Removal(dimm, context, progress);
    const earlier = unanswered.has(dimm.alias) ? await removal.answer() : NO_ANSWER;
    if (earlier.kind !== "no-answer") return removal.settle(earlier, 0);
    const offlining = await removal.takeOffline();
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
      return removal.settle(await removal.request(), offlining.blocks);
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

/**
 * How long libvirt itself waits for the guest (qemuDomainRemoveDeviceWaitTime): the minimum, even if awaitGuest is
 * false.
 */
const LEAST_REMOVAL_SECONDS = 5;

const STAYS = "the DIMM was not removed";

/** What became of a request to remove a device. */
type Answer =
  | { kind: "gone"; now: Observation }
  | { kind: "refused"; reason: string }
  | { kind: "no-answer" };

const NO_ANSWER: Answer = { kind: "no-answer" };

/** The removal of one DIMM. */
class Removal {
  readonly #seconds: number;
  readonly #dimm: DimmRemoval;
  readonly #context: UpdateContext;
  readonly #unanswered: Set<string>;
  #time = "";

  constructor(dimm: DimmRemoval, context: UpdateContext, { unanswered }: Progress) {
    this.#seconds = secondsForGuest(context) || LEAST_REMOVAL_SECONDS;
    this.#dimm = dimm;
    this.#context = context;
    this.#unanswered = unanswered;
  }

  /** First takes the DIMM's blocks offline in the guest, if its agent can. */
  async takeOffline(): Promise<Offlining> {
    const { hypervisor, domain, observation } = this.#context;
    if (!observation.agentConnected) return { kind: "offline", blocks: 0, putBack: async () => {} };
    return takeOffline(hypervisor, domain, this.#dimm, this.#deadline());
  }

  /**
   * Sends the request. It counts as unanswered until the guest answers, even if the daemon goes away after it was sent.
   */
  async request(): Promise<Answer> {
    const { hypervisor, domain } = this.#context;
    const { alias } = this.#dimm;
    return this.answer(async () => {
      this.#unanswered.add(alias);
      try {
        await hypervisor.detachDevice(domain, alias, { live: true });
        return undefined;
      } catch (error) {
        // The guest refused while libvirt itself waited for it.
        if (hasCode(error, ErrorCode.OPERATION_FAILED)) return messageOf(error);
        if (!(error instanceof ConnectionError)) this.#unanswered.delete(alias);
        throw error;
      }
    });
  }

  /** @param send sends a request, and returns the reason if the guest refuses at once */
  async answer(send?: () => Promise<string | undefined>): Promise<Answer> {
    const { hypervisor, domain } = this.#context;
    const { alias } = this.#dimm;
    let reason: string | undefined;
    const answer = await waitForDomain<Answer>(hypervisor, domain, {
      deadline: this.#deadline(),
      begin: async () => {
        const refusal = await send?.();
        reason = refusal ?? reason;
      },
      onEvent: (event) => {
        if (event.kind === "device-removal-failed" && event.alias === alias) reason = event.kind;
      },
      poll: async () => {
        const now = await observe(hypervisor, domain);
        if (!isPresent({ alias }, now.observed)) return { kind: "gone", now };
        return reason === undefined ? undefined : { kind: "refused", reason };
      },
    });
    return answer ?? NO_ANSWER;
  }

  /**
   * @param offline how many of its blocks the guest doesn't use any more
   * @throws Error where the DIMM is still there
   */
  settle(answer: Answer, offline: number): Observation {
    const { alias, size } = this.#dimm;
    if (answer.kind === "no-answer")
      throw new Error(
        `no answer from the guest within ${this.time}: ${formatSize(size)} is still plugged; the guest may still release it: a refresh shows whether it did, and the next update waits for that before it asks again${describeOffline(offline)}`,
      );
    this.#unanswered.delete(alias);
    if (answer.kind === "gone") return answer.now;
    throw new Error(`the guest refused to release it (${answer.reason}; see its kernel log); ${STAYS}`);
  }

  /** How long the last part was waited for. */
  get time(): string {
    return this.#time;
  }

  #deadline(): Deadline {
    const { deadline, text } = this.#context.session.patience(this.#seconds);
    this.#time = text;
    return deadline;
  }
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

function isPresent({ alias }: Pick<DimmRemoval, "alias">, observed: Observed): boolean {
  return observed.live?.devices.some((device) => device.alias === alias) === true;
}

/** The requests recorded in the state, for DIMMs that are still there if the domain hasn't been started since. */
export function currentDetaching(
  recorded: Detaching | undefined,
  domainId: number,
  observation: Observation,
): Detaching | undefined {
  return recorded?.domainId === domainId
    ? stillDetaching(domainId, recorded.aliases, observation)
    : undefined;
}

/** The requests for DIMMs that are still there; undefined when there is none. */
export function stillDetaching(
  domainId: number,
  aliases: Iterable<string>,
  { observed }: Observation,
): Detaching | undefined {
  const present = [...aliases].filter((alias) => isPresent({ alias }, observed));
  return present.length === 0 ? undefined : { domainId, aliases: present };
}
