import { hotplugSetting } from "../../args/settings.ts";
import type { Deadline } from "../../deadline.ts";
import { defined } from "../../defined.ts";
import type { MemoryDevice } from "../../domain/state.ts";
import { resizedXml } from "../../domain/virtio-mem.ts";
import { agentSource } from "../../guest/agent.ts";
import { type Offline, onlineNewBlocks } from "../../guest/bring-online.ts";
import { printable } from "../../guest/report.ts";
import { SPEAKERS } from "../../guest/text.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import { waitForDomain } from "../../observe/wait-for-domain.ts";
import { laggingRequests } from "../../plan/devices.ts";
import type { Observed } from "../../plan/observed.ts";
import type { Step } from "../../plan/plan.ts";
import type { Kib } from "../../units/kib.ts";
import { formatSize } from "../../units/size.ts";
import type { Action, Confirmation } from "../action.ts";
import { isPoweredOffOrOn, secondsForGuest, type UpdateContext, updateLog } from "../context.ts";
import { postconditionFailed } from "../postconditions.ts";
import { lackingMemory, queryGuest } from "../query-guest.ts";

type ResizeStep = Extract<Step, { kind: "resize" }>;

/** Sets the requested size of a virtio-mem device of the running domain, and waits until the guest has reached it. */
export const resize: Action<ResizeStep> = {
  needs({ device: { alias, node, from, requested } }, { observation }) {
    if (requested <= from) return { guest: from - requested };
    const device = observation.observed.live?.devices.find((one) => one.alias === alias);
    const source = defined({ pageSize: device?.pageSize, nodemask: device?.nodemask });
    return { host: { size: requested - from, node, source } };
  },

  /** Also waits for the size that an earlier update requested. */
  async prepare(context) {
    const { live } = context.observation.observed;
    const seconds = secondsForGuest(context);
    const isResized = context.plan.steps.some(({ kind }) => kind === "resize");
    if (seconds === false || isPoweredOffOrOn(context)) return undefined;
    if (!isResized && requestedHere(live, context).length === 0) return undefined;
    const before = new Map(live?.devices.map(({ alias = "", current = 0 }) => [alias, current]));
    const bringOnline = await prepareOnlining(context);
    return ({ now }) => confirmResize({ seconds, before, bringOnline }, context, now);
  },

  async run({ device: { alias, requested } }, { hypervisor, domain }, { now }) {
    if (requestedOf(alias, now) === requested) return now;
    const xml = await hypervisor.xml(domain, { inactive: false });
    await hypervisor.updateDevice(domain, resizedXml(xml, alias, requested), { live: true });
    const resized = await observe(hypervisor, domain);
    const found = requestedOf(alias, resized);
    if (found !== requested)
      throw postconditionFailed(
        `libvirt reported success, but the requested size of ${alias} is ${formatSize(found ?? 0)} instead of ${formatSize(requested)}`,
      );
    return resized;
  },
};

/** Whose size was requested in vain: of a domain that is being adopted, only this provider's own. */
function requestedHere(
  live: Observed["live"],
  { news, session, state, plan }: UpdateContext,
): MemoryDevice[] {
  const isResized = plan.steps.some(({ kind }) => kind === "resize");
  const device =
    state === undefined && !isResized ? "dimm" : hotplugSetting("device", news, session.defaults);
  return laggingRequests(live, device);
}

function requestedOf(alias: string, { observed }: Observation): Kib | undefined {
  return observed.live?.devices.find((device) => device.alias === alias)?.requested;
}

/** New memory may arrive offline; the guest agent can bring it online. Undefined if it shouldn't, or doesn't answer. */
async function prepareOnlining(context: UpdateContext): Promise<(() => Promise<Offline>) | undefined> {
  const { hypervisor, domain, news, session, observation } = context;
  const online = hotplugSetting("online", news, session.defaults);
  if (online !== "agent" || !observation.agentConnected || observation.observed.power !== "running")
    return undefined;
  const agent = agentSource(hypervisor, domain);
  try {
    return onlineNewBlocks(agent, (await agent.ask()).offline, session.clock);
  } catch (error) {
    const text = `the guest agent is connected but unusable (${printable(error)}): it brings no new memory online`;
    await updateLog(context).warn(text);
    return undefined;
  }
}

interface ResizeWait {
  seconds: number;
  /** The size of each device that the guest had taken before, by alias. */
  before: Map<string, Kib>;
  bringOnline: (() => Promise<Offline>) | undefined;
}

async function confirmResize(
  { seconds, before, bringOnline }: ResizeWait,
  context: UpdateContext,
  now: Observation,
): Promise<Confirmation> {
  const { status, info, warn } = updateLog(context);
  if (now.observed.power !== "running") {
    await warn(
      "the domain is paused: not waiting for the guest, whose memory changes when the domain resumes",
    );
    return { now, guest: undefined, isAwaited: false };
  }
  const patience = context.session.patience(seconds, "hotplug.awaitGuest");
  let offline: Offline = { blocks: 0 };
  const latest = await waitForRequestedSize(now, context, patience.deadline, async ({ observed }) => {
    if (bringOnline !== undefined) offline = await bringOnline();
    const devices = requestedHere(observed.live, context);
    if (devices.length > 0) await status(devices.map(describeProgress).join("; "));
    return devices.length === 0 && offline.blocks === 0;
  });
  const late = requestedHere(latest.observed.live, context);
  const guest = await queryGuest(context, latest);
  const confirmation = { now: latest, guest, isAwaited: false };
  if (late.length === 0 && offline.blocks === 0) {
    const { memory, speaker } = guest ?? {};
    const isReported = memory !== undefined && speaker !== undefined;
    const has = isReported ? `: ${formatSize(memory)}, confirmed by ${SPEAKERS[speaker]}` : "";
    const shortfall = guest && lackingMemory(context, "guest resized", guest);
    if (shortfall === undefined) await info(`guest resized${has}`);
    return { ...confirmation, ...defined({ shortfall }) };
  }
  const why = [
    ...late.map((device) => describeLagging(device, before.get(device.alias ?? "") ?? 0)),
    ...(offline.blocks > 0 ? [describeOffline(offline)] : []),
  ];
  return {
    ...confirmation,
    shortfall: `Domain ${context.domain.name} was not resized completely: after ${patience.text} ${why.join("; ")}; the requested size stays set, and the next update waits again`,
  };
}

/**
 * Waits until the guest has taken or released what is requested from its virtio-mem devices, by their events and by
 * reading the domain.
 *
 * @returns the last observation, whether or not the guest has
 */
async function waitForRequestedSize(
  before: Observation,
  { hypervisor, domain }: UpdateContext,
  deadline: Deadline,
  isReached: (now: Observation) => Promise<boolean>,
): Promise<Observation> {
  let latest = before;
  await waitForDomain(hypervisor, domain, {
    deadline,
    poll: async () => {
      latest = await observe(hypervisor, domain);
      return (await isReached(latest)) || undefined;
    },
  });
  return latest;
}

/** "virtio-mem on node 0: 256 MiB, requested 512 MiB" */
function describeProgress({ node = 0, requested = 0, current = 0 }: MemoryDevice): string {
  return `virtio-mem on node ${node}: ${formatSize(current)}, requested ${formatSize(requested)}`;
}

function describeLagging({ node = 0, requested = 0, current = 0 }: MemoryDevice, before: Kib): string {
  const has = `virtio-mem on node ${node} is at ${formatSize(current)}, requested ${formatSize(requested)}`;
  if (current > requested)
    return `${has}: the guest released ${formatSize(Math.max(0, before - current))} of ${formatSize(Math.max(before, current) - requested)}; it uses the rest or can't move what is in it, but its driver keeps trying`;
  if (current === before && before > 0)
    return `${has}: the guest took no more memory; its driver may still be busy with the previous request (otherwise see its kernel log)`;
  if (current === 0)
    return `${has}: the guest took no memory; it needs the virtio_mem driver (CONFIG_VIRTIO_MEM; modprobe virtio_mem), and its kernel log shows what the driver did`;
  return `${has}: the guest took only part of it; see its kernel log (memory that stays offline blocks the driver; memhp_default_state=online_movable prevents that)`;
}

function describeOffline({ blocks, refused }: Offline): string {
  const which = blocks === 1 ? "1 new memory block is" : `${blocks} new memory blocks are`;
  return `${which} offline in the guest${refused === undefined ? "" : `: ${refused}`}`;
}
