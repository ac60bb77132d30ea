import { hotplugSetting } from "../args/settings.ts";
import { freshReport } from "../guest/fresh-report.ts";
import { type GuestRecord, recordOf } from "../guest/record.ts";
import type { Observation } from "../observe/observe.ts";
import type { Step } from "../plan/plan.ts";
import type { UpdateContext } from "./context.ts";

/** Whether the guest has less memory after these steps, and none that it was given. */
export function onlyRemoves(steps: Step[]): boolean {
  const kinds = new Set(steps.map(({ kind }) => kind));
  return kinds.has("detach") && !kinds.has("attach");
}

/**
 * What the guest says that it has after it gave memory up. Its earlier word is void, and so is what it was waited for;
 * libvirt has said already that the memory is gone, so a guest that doesn't answer is no failure.
 */
export async function queryGuest(
  { hypervisor, domain, news, session }: UpdateContext,
  { observed, agentConnected }: Observation,
): Promise<GuestRecord | undefined> {
  if (hotplugSetting("awaitGuest", news, session.defaults) === false || observed.power !== "running")
    return undefined;
  const found = await freshReport(hypervisor, domain, agentConnected, session.clock);
  if (found === undefined) return undefined;
  const { speaker, word } = found;
  return recordOf(domain.id, speaker, word, observed.live?.memory);
}
