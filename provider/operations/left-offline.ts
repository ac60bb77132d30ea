import { withConfigured } from "../args/configured-settings.ts";
import type { Inputs } from "../args/inputs.ts";
import { type Defaults, hotplugSetting } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { vcpusOf } from "../domain/state.ts";
import { currentRecord, type GuestRecord } from "../guest/record.ts";
import { currentVcpuRecord, type VcpuRecord } from "../guest/vcpus.ts";
import { echoedInputs, type Outputs } from "../outputs.ts";
import type { MemoryView } from "../plan/observed.ts";

/**
 * The state of a domain whose program no longer has `hotplug.online: "none"`: what the guest reported as unused until then is what
 * it lacks from now on, so the update asks for it as for what an earlier one waited for in vain.
 */
export function withLeftOffline<State extends Outputs>(
  state: State,
  news: Inputs,
  defaults: Defaults,
): State {
  const { live } = state.__observed;
  const isNone = (inputs: Partial<Inputs>) =>
    hotplugSetting("online", withConfigured(inputs), defaults) === "none";
  if (live === undefined || !isNone(echoedInputs(state)) || isNone(news)) return state;
  return {
    ...state,
    ...defined({
      __guest: lackingMemory(state.__guest, live) ?? state.__guest,
      __guestVcpus: lackingVcpus(state.__guestVcpus, live) ?? state.__guestVcpus,
    }),
  };
}

/** Only the agent tells what is offline. */
function lackingMemory(record: GuestRecord | undefined, live: MemoryView): GuestRecord | undefined {
  const current = live.domainId === undefined ? undefined : currentRecord(record, live.domainId);
  if (current?.speaker !== "agent" || current.memory === undefined || current.missing !== undefined)
    return undefined;
  const { speaker, memory, block = 0 } = current;
  const added = live.memory - memory;
  if (added <= 0 || added < block) return undefined;
  return { ...current, missing: { speaker, memory: live.memory, added, slack: 0, others: [] } };
}

function lackingVcpus(record: VcpuRecord | undefined, live: MemoryView): VcpuRecord | undefined {
  const current = live.domainId === undefined ? undefined : currentVcpuRecord(record, live.domainId);
  if (current?.online === undefined || current.missing !== undefined) return undefined;
  const missing = vcpusOf(live) - current.online;
  return missing > 0 ? { ...current, missing } : undefined;
}
