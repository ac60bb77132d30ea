import type { Lab } from "./lab.ts";
import { type WaitOptions, waitUntil } from "./wait-until.ts";

/** Waits until a guest's agent answers, which starts some time after the guest. Default time-out: 60 s. */
export async function agentAnswers(lab: Lab, domain: string, options: WaitOptions = {}): Promise<void> {
  const ping = () => lab.virsh("qemu-agent-command", domain, '{"execute":"guest-ping"}');
  await waitUntil("the guest's agent", () => ping().catch(() => undefined), {
    timeoutMs: 60_000,
    ...options,
  });
}
