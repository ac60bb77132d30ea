import { ConnectionError } from "../libvirt/errors.ts";
import type { DomainEvent, DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isPoweredOff } from "./observe.ts";

/** How often is looked beside the events, for an event that was lost with its connection. */
const POLL_MS = 2_000;

/** Something to wait for. */
export interface DomainWait<T> {
  timeoutMs: number;
  /** What sets it going: done when the events are subscribed to, so that none is missed. */
  begin?: () => Promise<void>;
  /** Each event of the domain, as it comes. */
  hear?: (event: DomainEvent) => void;
  /** Answers when it is over. Asked after `begin`, after each event, and every 2 s beside. */
  look: () => Promise<T | undefined>;
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
  { timeoutMs, begin, hear, look }: DomainWait<T>,
): Promise<T | undefined> {
  const deadline = Date.now() + timeoutMs;
  let wake = (): void => {};
  const unsubscribe = await hypervisor.subscribe(domain, (event) => {
    hear?.(event);
    wake();
  });
  try {
    await begin?.();
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const seen = await unlessDisconnected(look);
      if (seen.answer !== undefined) return seen.answer;
      const left = deadline - Date.now();
      if (left <= 0 && seen.away !== undefined) throw seen.away;
      if (left <= 0) return undefined;
      await Promise.race([changed, delay(Math.min(left, POLL_MS))]);
    }
  } finally {
    await unsubscribe();
  }
}

async function unlessDisconnected<T>(
  look: () => Promise<T>,
): Promise<{ answer?: T; away?: ConnectionError }> {
  try {
    return { answer: await look() };
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
 * @returns false when it still runs after that time
 */
export async function waitUntilOff(
  hypervisor: Hypervisor,
  domain: DomainRef,
  timeoutMs: number,
): Promise<boolean> {
  const look = async () => (await isOff(hypervisor, domain)) || undefined;
  return (await waitForDomain(hypervisor, domain, { timeoutMs, look })) === true;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
