import { hotplugSetting } from "../args/settings.ts";
import { Deadline } from "../deadline.ts";
import type { MemoryDevice } from "../domain/state.ts";
import { agentSource } from "../guest/agent.ts";
import { type Offline, onliner } from "../guest/onlining.ts";
import type { GuestRecord } from "../guest/record.ts";
import { isPoweredOff, type Observation } from "../observe/observe.ts";
import type { MemoryView } from "../plan/observed.ts";
import type { DimmPlan, Step } from "../plan/plan.ts";
import { lagging } from "../plan/virtio-mem/devices.ts";
import type { Kib } from "../units/kib.ts";
import { formatSize } from "../units/size.ts";
import { waitForRequestedSize } from "./actions/requested-size.ts";
import type { UpdateLog } from "./confirm-dimms.ts";
import type { UpdateContext } from "./context.ts";
import { queryGuest } from "./query-guest.ts";

/** What is to be awaited of the guest's virtio-mem devices. */
export interface PendingResize {
  seconds: number;
  /** What the guest had of each device before, by alias. */
  before: Map<string, Kib>;
  /** Asks the guest's agent to use what it was given; undefined where nobody is to. */
  bringOnline?: () => Promise<Offline>;
}

/** How it ended: as read back, with the guest's own word, and why it isn't all. */
export interface ResizeResult {
  observation: Observation;
  record?: GuestRecord;
  shortfall?: string;
}

/**
 * Notes what the guest has of its virtio-mem devices before they are resized. Undefined where nothing is to be awaited:
 * no device is resized now, and the guest has followed all that was asked before.
 */
export async function beforeResize(context: UpdateContext): Promise<PendingResize | undefined> {
  const { change, hypervisor, domain, news, session, observation } = context;
  const { live } = observation.observed;
  const seconds = hotplugSetting("awaitGuest", news, session.defaults);
  const goesOff = change.steps.some(({ kind }) => kind === "stop" || kind === "start");
  const isResized = change.steps.some(({ kind }) => kind === "resize");
  if (seconds === false || goesOff || (!isResized && lagging(live).length === 0)) return undefined;
  const before = new Map(live?.devices.map(({ alias = "", current = 0 }) => [alias, current]));
  const online = hotplugSetting("online", news, session.defaults);
  if (online !== "agent" || !observation.agentConnected || observation.observed.power !== "running")
    return { seconds, before };
  const agent = agentSource(hypervisor, domain);
  const word = await agent.ask().catch(() => undefined);
  if (word === undefined) return { seconds, before };
  return { seconds, before, bringOnline: onliner(agent, word.offline, session.clock) };
}

/** What virtio-mem devices take of the host, each from where its source says. */
export function growthOfDevices(
  steps: Step[],
  live: MemoryView | undefined,
): Pick<DimmPlan, "size" | "source">[] {
  return steps.flatMap((step) => {
    if (step.kind !== "resize" || step.device.requested <= step.device.from) return [];
    const { alias, requested, from } = step.device;
    const found = live?.devices.find((device) => device.alias === alias);
    const source = {
      ...(found?.pageSize !== undefined && { pageSize: found.pageSize }),
      ...(found?.nodemask !== undefined && { nodemask: found.nodemask }),
    };
    return [{ size: requested - from, source }];
  });
}

/** Waits until the guest has what is requested of its virtio-mem devices. */
export async function afterResize(
  { seconds, before, bringOnline }: PendingResize,
  context: UpdateContext,
  observation: Observation,
  say: UpdateLog,
): Promise<ResizeResult> {
  const { hypervisor, domain, session } = context;
  if (isPoweredOff(observation.power) || observation.observed.power === "paused") {
    await say.warn("the domain is paused: the guest follows when it resumes, and was not waited for");
    return { observation };
  }
  let offline: Offline = { blocks: 0 };
  const latest = await waitForRequestedSize(hypervisor, domain, {
    deadline: Deadline.inSeconds(seconds, session.clock),
    tell: async ({ observed }) => {
      const parts = lagging(observed.live).map(describeProgress);
      if (parts.length > 0) await say.status(parts.join("; "));
    },
    help: async () => {
      if (bringOnline !== undefined) offline = await bringOnline();
      return offline.blocks > 0;
    },
  });
  const late = lagging(latest.observed.live);
  const record = await queryGuest(context, latest);
  const result = { observation: latest, ...(record && { record }) };
  if (late.length === 0 && offline.blocks === 0) {
    const has = record === undefined ? "" : `: it has ${formatSize(record.memory)} by its ${record.speaker}`;
    await say.info(`the guest has followed${has}`);
    return result;
  }
  const why = [
    ...late.map((device) => describeLagging(device, before.get(device.alias ?? "") ?? 0)),
    ...(offline.blocks > 0 ? [describeOffline(offline)] : []),
  ];
  const shortfall = `after ${seconds} s (hotplug.awaitGuest) ${why.join("; ")}; what is requested stays so, and the next update waits again`;
  return { ...result, shortfall };
}

/** «asked 512 MiB of node 0's virtio-mem; the guest has taken 256 MiB» */
function describeProgress({ node = 0, requested = 0, current = 0 }: MemoryDevice): string {
  return `asked ${formatSize(requested)} of node ${node}'s virtio-mem; the guest has ${formatSize(current)}`;
}

function describeLagging({ node = 0, requested = 0, current = 0 }: MemoryDevice, before: Kib): string {
  const has = `the guest has ${formatSize(current)} of node ${node}'s virtio-mem, and ${formatSize(requested)} are requested`;
  if (current > requested)
    return `${has}: it gave back ${formatSize(Math.max(0, before - current))} of ${formatSize(Math.max(before, current) - requested)}, and uses the rest, or can't move what is in it; its driver goes on trying`;
  if (current === before && before > 0)
    return `${has}: it took nothing more; its driver may still be busy with what was requested before, and its kernel log says why else`;
  if (current === 0)
    return `${has}: it took nothing; it needs the driver virtio_mem (CONFIG_VIRTIO_MEM; modprobe virtio_mem), and its kernel log says what the driver did`;
  return `${has}: it took a part; its kernel log says why (memory that stays offline holds its driver up, memhp_default_state=online_movable doesn't)`;
}

function describeOffline({ blocks, refused }: Offline): string {
  const which = blocks === 1 ? "1 new memory block is" : `${blocks} new memory blocks are`;
  return `${which} offline in the guest${refused === undefined ? "" : `, and ${refused}`}`;
}
