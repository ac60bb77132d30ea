import type { Deadline } from "../deadline.ts";
import type { Detaching } from "../guest/record.ts";
import { ConnectionError, ErrorCode, hasCode } from "../libvirt/errors.ts";
import { messageOf } from "../message-of.ts";
import { type Observation, observe } from "../observe/observe.ts";
import { waitForDomain } from "../observe/wait-for-domain.ts";
import type { Observed } from "../plan/observed.ts";
import { type Progress, secondsForGuest, type UpdateContext } from "./context.ts";

/**
 * How long libvirt itself waits for the guest (qemuDomainRemoveDeviceWaitTime): the minimum, even if awaitGuest is
 * false.
 */
const LEAST_REMOVAL_SECONDS = 5;

/** What became of a request to remove a device. */
type Answer =
  | { kind: "gone"; now: Observation }
  | { kind: "refused"; reason: string }
  | { kind: "no-answer" };

const NO_ANSWER: Answer = { kind: "no-answer" };

/** A device that the guest is to release. */
interface Removed {
  alias: string;
  /** What there is as long as the guest doesn't: "256 MiB is still plugged". */
  what: string;
  /** The same after a refusal: "the DIMM was not removed". */
  stays: string;
}

/**
 * The removal of one device: libvirt's request to the guest, and the wait until the guest has released it. Success is only that the
 * device is gone.
 */
export class Removal {
  readonly #seconds: number;
  readonly #removed: Removed;
  readonly #context: UpdateContext;
  readonly #unanswered: Set<string>;
  #time = "";

  constructor(removed: Removed, context: UpdateContext, { unanswered }: Pick<Progress, "unanswered">) {
    this.#seconds = secondsForGuest(context) || LEAST_REMOVAL_SECONDS;
    this.#removed = removed;
    this.#context = context;
    this.#unanswered = unanswered;
  }

  /** The answer to an unanswered request of an earlier update; none where there was no request. */
  async earlierAnswer(): Promise<Answer> {
    return this.#unanswered.has(this.#removed.alias) ? this.#answer() : NO_ANSWER;
  }

  /**
   * Sends the request. It counts as unanswered until the guest answers, even if the daemon goes away after it was sent.
   */
  async request(): Promise<Answer> {
    const { hypervisor, domain } = this.#context;
    const { alias } = this.#removed;
    return this.#answer(async () => {
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
  async #answer(send?: () => Promise<string | undefined>): Promise<Answer> {
    const { hypervisor, domain } = this.#context;
    const { alias } = this.#removed;
    let reason: string | undefined;
    const answer = await waitForDomain<Answer>(hypervisor, domain, {
      deadline: this.deadline(),
      begin: async () => {
        const refusal = await send?.();
        reason = refusal ?? reason;
      },
      onEvent: (event) => {
        if (event.kind === "device-removal-failed" && event.alias === alias) reason = event.kind;
      },
      poll: async () => {
        const now = await observe(hypervisor, domain);
        if (!isPresent(alias, now.observed)) return { kind: "gone", now };
        return reason === undefined ? undefined : { kind: "refused", reason };
      },
    });
    return answer ?? NO_ANSWER;
  }

  /**
   * @param also what the guest has done with the device so far
   * @throws Error where the device is still there
   */
  settle(answer: Answer, also = ""): Observation {
    const { alias, what, stays } = this.#removed;
    if (answer.kind === "no-answer")
      throw new Error(
        `no answer from the guest within ${this.time}: ${what}; the guest may still release it: a refresh shows whether it did, and the next update waits for that before it asks again${also}`,
      );
    this.#unanswered.delete(alias);
    if (answer.kind === "gone") return answer.now;
    throw new Error(`the guest refused to release it (${answer.reason}; see its kernel log); ${stays}`);
  }

  /** How long the last part was waited for. */
  get time(): string {
    return this.#time;
  }

  /** A new one for each part. */
  deadline(): Deadline {
    const { deadline, text } = this.#context.session.patience(this.#seconds);
    this.#time = text;
    return deadline;
  }
}

function isPresent(alias: string, { live }: Observed): boolean {
  const devices = [...(live?.devices ?? []), ...(live?.disks ?? []), ...(live?.cards ?? [])];
  return devices.some((device) => device.alias === alias);
}

/** The requests recorded in the state, for devices that are still there if the domain hasn't been started since. */
export function currentDetaching(
  recorded: Detaching | undefined,
  domainId: number,
  observation: Observation,
): Detaching | undefined {
  return recorded?.domainId === domainId
    ? stillDetaching(domainId, recorded.aliases, observation)
    : undefined;
}

/** The requests for devices that are still there; undefined when there is none. */
export function stillDetaching(
  domainId: number,
  aliases: Iterable<string>,
  { observed }: Observation,
): Detaching | undefined {
  const present = [...aliases].filter((alias) => isPresent(alias, observed));
  return present.length === 0 ? undefined : { domainId, aliases: present };
}
