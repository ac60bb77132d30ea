import type { Lab } from "./lab.ts";
import { type WaitOptions, waitUntil } from "./wait-until.ts";

interface Shutdown extends Pick<WaitOptions, "timeoutMs"> {
  /** Who is asked. Default: the guest agent, and the power button where the agent gives no answer. */
  mode?: "agent" | "acpi";
}

/**
 * Has the guest shut down, and waits until the domain is off, which decides: a guest may be off before its agent has answered,
 * and virsh fails then ("End of file from agent socket", "domain is not running").
 */
export async function shutDown(
  lab: Pick<Lab, "virsh">,
  domain: string,
  { mode, timeoutMs = 150_000 }: Shutdown = {},
): Promise<void> {
  let failure = "";
  await lab.virsh("shutdown", domain, ...(mode ? ["--mode", mode] : [])).catch((error: Error) => {
    failure = error.message;
  });
  const isOff = async () => !(await lab.virsh("list", "--name")).split("\n").includes(domain);
  await waitUntil(`${domain} to be off`, isOff, {
    timeoutMs,
    intervalMs: 200,
    ...(failure && { seen: () => failure }),
  });
}
