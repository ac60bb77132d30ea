import type { Deadline } from "../deadline.ts";
import { ConnectionError } from "../libvirt/errors.ts";
import type { DomainEvent, DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";

/** How often the domain is polled between events: an event may be lost with its connection. */
const POLL_MS = 2_000;

/** Something to wait for. */
export interface DomainWait<T> {
  deadline: Deadline;
  /** Starts it. Called after subscribing to the events, so that none is missed. */
  begin?: () => Promise<void>;
  /** Called with each event of the domain. */
  onEvent?: (event: DomainEvent) => void;
  /** Returns a value once the wait is over. Called after `begin`, after each event, and every 2 s. */
  poll: () => Promise<T | undefined>;
}

/**
 * Waits for something to happen to a domain, also while the daemon is away (an upgrade restarts it).
 *
 * @returns undefined when the time is up
 * @throws ConnectionError when the time is up and the daemon is away
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
    deadline.throwIfAborted();
    await begin?.();
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const { answer, disconnected } = await unlessDisconnected(poll);
      if (answer !== undefined) return answer;
      if (deadline.isOver && disconnected !== undefined) throw disconnected;
      if (deadline.isOver) return undefined;
      await deadline.pause(POLL_MS, changed);
    }
  } finally {
    await unsubscribe();
  }
}

async function unlessDisconnected<T>(
  poll: () => Promise<T>,
): Promise<{ answer?: T; disconnected?: ConnectionError }> {
  try {
    return { answer: await poll() };
  } catch (error) {
    if (error instanceof ConnectionError) return { disconnected: error };
    throw error;
  }
}

/** Whether the domain is off, as read now. A crashed one may be preserved for an inspection. */
export async function isOff(hypervisor: Hypervisor, domain: DomainRef): Promise<boolean> {
  const { power } = await hypervisor.state(domain);
  return power === "shutoff" || (power === "crashed" && !(await hypervisor.isActive(domain)));
}

/**
 * Waits until a domain is off, by its lifecycle events and by reading its state.
 *
 * @returns false when it still runs at the deadline
 */
export async function waitUntilOff(
  hypervisor: Hypervisor,
  domain: DomainRef,
  deadline: Deadline,
): Promise<boolean> {
  const poll = async () => (await isOff(hypervisor, domain)) || undefined;
  return (await waitForDomain(hypervisor, domain, { deadline, poll })) === true;
}
