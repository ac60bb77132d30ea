import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isPoweredOff } from "../observe/observe.ts";

/** How often the state is read beside the events, for an event that was lost with its connection. */
const POLL_MS = 2_000;

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
export async function untilOff(
  hypervisor: Hypervisor,
  domain: DomainRef,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  let wake = (): void => {};
  const unsubscribe = await hypervisor.subscribe(domain, () => wake());
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (await isOff(hypervisor, domain)) return true;
      const left = deadline - Date.now();
      if (left <= 0) return false;
      await Promise.race([changed, delay(Math.min(left, POLL_MS))]);
    }
  } finally {
    await unsubscribe();
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
