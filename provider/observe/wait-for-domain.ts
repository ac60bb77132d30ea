import type { Deadline } from "../deadline.ts";
import { ConnectionError } from "../libvirt/errors.ts";
import type { DomainEvent, DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isPoweredOff } from "./observe.ts";

/** How often is looked beside the events, for an event that was lost with its connection. */
const POLL_MS = 2_000;

/** Something to wait for. */
export interface DomainWait<T> {
  deadline: Deadline;
  /** What sets it going: done when the events are subscribed to, so that none is missed. */
  begin?: () => Promise<void>;
  /** Each event of the domain, as it comes. */
  onEvent?: (event: DomainEvent) => void;
  /** Answers when it is over. Called after `begin`, after each event, and every 2 s. */
  poll: () => Promise<T | undefined>;
}

/**
 * Waits for something to become of a domain. A daemon that goes away meanwhile (an upgrade restarts it) is waited for as
 * well.
 *
 * @returns undefined when the time is up
 * @throws ConnectionError when the daemon is away then
 */
export async function waitForDomain<T>(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { deadline, begin, onEvent, poll }: DomainWait<T>,
): Promise<T | undefined> {
  let wake = (): void => {};
  const unsubscribe = await hypervisor.subscribe(domain, (event) => {
    onEvent?.(event);
    wake();
  });
  try {
    await begin?.();
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const seen = await unlessDisconnected(poll);
      if (seen.answer !== undefined) return seen.answer;
      if (deadline.isOver && seen.away !== undefined) throw seen.away;
      if (deadline.isOver) return undefined;
      await deadline.pause(POLL_MS, changed);
    }
  } finally {
    await unsubscribe();
  }
}

async function unlessDisconnected<T>(
  poll: () => Promise<T>,
): Promise<{ answer?: T; away?: ConnectionError }> {
  try {
    return { answer: await poll() };
  } catch (error) {
    if (error instanceof ConnectionError) return { away: error };
    throw error;
  }
}

/** Whether nothing of a domain runs. */
export async function isOff(hypervisor: Hypervisor, domain: DomainRef): Promise<boolean> {
  const { power } = await hypervisor.state(domain);
  return isPoweredOff(power);
}

/**
 * Waits until a domain is off, by its lifecycle events and by reading its state.
 *
 * @returns false when it still runs then
 */
export async function waitUntilOff(
  hypervisor: Hypervisor,
  domain: DomainRef,
  deadline: Deadline,
): Promise<boolean> {
  const poll = async () => (await isOff(hypervisor, domain)) || undefined;
  return (await waitForDomain(hypervisor, domain, { deadline, poll })) === true;
}
