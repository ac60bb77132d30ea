import { defined } from "../../defined.ts";
import { dimmXml } from "../../domain/device.ts";
import type { MemoryDevice } from "../../domain/state.ts";
import { mayAnswerLater } from "../../guest/agent.ts";
import { measuredReserve } from "../../guest/attached.ts";
import { balloonSource, nextReport } from "../../guest/balloon.ts";
import type { Expectation } from "../../guest/expectation.ts";
import type { GuestRecord } from "../../guest/record.ts";
import type { GuestReport, GuestSource } from "../../guest/report.ts";
import { findSource } from "../../guest/source.ts";
import {
  describeMissing,
  describeProgress,
  describeUnsuitable,
  describeUnused,
  SPEAKERS,
} from "../../guest/text.ts";
import { waitForGuest } from "../../guest/wait-for-guest.ts";
import { messageOf } from "../../message-of.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import { type DimmPlan, detachedDimms, type Step } from "../../plan/plan.ts";
import { formatSize, formatWholeMib } from "../../units/size.ts";
import type { Action, Confirm, Confirmation } from "../action.ts";
import { type AwaitedMemory, awaitedMemory, describeAttached, expectationOf } from "../awaited-memory.ts";
import { keptRecord, refuseUpdate, type UpdateContext, updateLog } from "../context.ts";
import { guestRecord, owedRecord } from "../guest-record.ts";
import { rewrittenDevice, runHook } from "../hooks.ts";
import { postconditionFailed } from "../postconditions.ts";

/** Plugs a DIMM into the running domain, with the user's hooks around it, and waits until the guest has the memory. */
export const attach: Action<Extract<Step, { kind: "attach" }>> = {
  /** A DIMM that is re-plugged needs no more memory: its removal frees it. */
  needs({ dimm }, { plan }) {
    const isReplugged = detachedDimms(plan.steps).some(
      ({ alias, size }) => alias === dimm.alias && size === dimm.size,
    );
    return isReplugged ? {} : { host: dimm };
  },

  async prepare(context) {
    const awaited = awaitedMemory(context);
    return awaited && prepareConfirmation(awaited, context);
  },

  async run({ dimm }, context, { now }) {
    const { hypervisor, domain, news, uri, session } = context;
    const present = findDimm(dimm, now);
    const others = present === undefined ? [] : differences(dimm, present);
    if (others.length > 0)
      throw postconditionFailed(`${dimm.alias} already exists with ${others.join(", ")}`);
    if (present !== undefined) return now;
    const { before, after } = news.hotplug ?? {};
    const planned = dimmXml(dimm);
    const patience = (seconds: number) => session.patience(seconds);
    const hookContext = { domain, uri, patience, environment: session.hookEnvironment };
    const xml =
      before === undefined ? planned : rewrittenDevice(planned, await runHook(before, planned, hookContext));
    await hypervisor.attachDevice(domain, xml, { live: true });
    const attached = await observe(hypervisor, domain, { running: true });
    if (findDimm(dimm, attached) === undefined)
      throw postconditionFailed(`libvirt reported success, but ${dimm.alias} is not in the running domain`);
    if (after !== undefined)
      await runHook(after, xml, hookContext).catch((error: unknown) =>
        updateLog(context).warn(
          `${formatSize(dimm.size)} was attached, but the hook hotplug.after failed: ${messageOf(error)}`,
        ),
      );
    return attached;
  },
};

/**
 * An alias is only a name: a DIMM is there if it has the size, the node, the slot and the address that it is to have.
 *
 * @returns "256 MiB instead of 512 MiB", one for each that differs
 */
function differences({ size, node, slot, base }: DimmPlan, present: MemoryDevice): string[] {
  const { size: itsSize, node: itsNode = 0, slot: itsSlot = slot, base: itsBase = base } = present;
  return [
    ...(itsSize === size ? [] : [`${formatSize(itsSize)} instead of ${formatSize(size)}`]),
    ...(itsNode === node ? [] : [`node ${itsNode} instead of ${node}`]),
    ...(itsSlot === slot ? [] : [`slot ${itsSlot} instead of ${slot}`]),
    ...(base === undefined || itsBase === base ? [] : [`address ${itsBase} instead of ${base}`]),
  ];
}

function findDimm({ alias }: DimmPlan, { observed }: Observation) {
  return observed.live?.devices.find((device) => device.alias === alias);
}

/** Asks the guest for its memory before the first attach. The source that answers is asked again afterwards. */
async function prepareConfirmation(awaited: AwaitedMemory, context: UpdateContext): Promise<Confirm> {
  const { hypervisor, domain, observation, session } = context;
  if (observation.observed.power !== "running")
    return unconfirmed(
      awaited,
      context,
      "it is paused and takes the memory when it resumes",
      await owedWhilePaused(awaited, context),
    );
  const found = await findSource(hypervisor, domain, observation.agentConnected);
  const owed = awaited.owed ? owedRecord(context, awaited, awaited.owed.speaker) : keptRecord(context);
  if (found.kind === "silent")
    return unconfirmed(
      awaited,
      context,
      found.reason,
      await owedBySilent(awaited, context, found.agentError, owed),
    );
  const { source, agentError } = found;
  if (source.speaker === "balloon" && awaited.online === "none")
    return unconfirmed(
      awaited,
      context,
      'no guest agent, and the balloon driver doesn\'t count the memory that hotplug.online "none" leaves offline',
      withoutMissing(keptRecord(context)),
    );
  // The balloon driver's last report may be older than the last change.
  const next =
    source.speaker === "balloon"
      ? await nextReport(hypervisor, domain, session.clock).catch(() => undefined)
      : undefined;
  const before = next ?? found.report;
  const sizes = awaited.dimms.map(({ size }) => size);
  const unsuitable = describeUnsuitable(before, sizes);
  if (unsuitable !== undefined) throw refuseUpdate(context, `${unsuitable}; nothing was attached`);
  const expected = expectationOf(awaited, source.speaker, before);
  if (expected === undefined)
    return unconfirmed(
      awaited,
      context,
      `only the guest agent can confirm this, and it isn't responding${agentError === undefined ? "" : ` (${agentError})`}`,
      owed,
    );
  return ({ now }) => confirmAttach(awaited, defined({ source, before, expected, agentError }), context, now);
}

interface AskedGuest {
  source: GuestSource;
  /** The guest's report before the attach. */
  before: GuestReport;
  expected: Expectation;
  /** Why a connected agent isn't the source. */
  agentError?: string;
}

async function confirmAttach(
  { seconds, online, dimms }: AwaitedMemory,
  { source, before, expected, agentError }: AskedGuest,
  context: UpdateContext,
  now: Observation,
): Promise<Confirmation> {
  const { domain, session } = context;
  const { status, info } = updateLog(context);
  const attached = describeAttached(dimms, now.observed.live);
  const patience = session.patience(seconds, "hotplug.awaitGuest");
  const wait = defined({ before, expected, online, agentError });
  const result = await waitForGuest(source, {
    ...wait,
    deadline: patience.deadline,
    onProgress: (report) =>
      status(`${attached}; waiting for the guest: ${describeProgress(report, expected)}`),
  });
  const { report, missing } = result;
  const lacking = missing === 0 ? undefined : { ...expected, added: missing };
  const guest = await guestRecord(context, now, { speaker: source.speaker, report, missing: lacking });
  if (missing === 0) {
    const memory = formatWholeMib(guest.memory ?? report.memory);
    await info(
      `${attached}; confirmed by ${SPEAKERS[source.speaker]}: ${memory}${describeUnused(report, online)}`,
    );
    return { now, guest, isAwaited: true };
  }
  return {
    now,
    guest,
    isAwaited: true,
    shortfall: `Domain ${domain.name} did not get all of its memory: ${attached}; after ${patience.text} the guest has ${formatWholeMib(report.memory)}, ${formatWholeMib(missing)} less than it should have: ${describeMissing(result, wait)}; the attached memory stays, and the next update asks the guest again`,
  };
}

/** The memory that the guest lacked is no longer awaited. */
function withoutMissing(record: GuestRecord | undefined): GuestRecord | undefined {
  if (record === undefined) return undefined;
  const { missing: _, ...rest } = record;
  return rest;
}

/** If the agent may answer later, the memory counts as lacking, even if the guest lacked nothing before. */
async function owedBySilent(
  awaited: AwaitedMemory,
  context: UpdateContext,
  agentError: string | undefined,
  owed: GuestRecord | undefined,
): Promise<GuestRecord | undefined> {
  const { hypervisor, domain } = context;
  if (awaited.owed !== undefined || awaited.online === "none" || agentError === undefined) return owed;
  const isLater = await mayAnswerLater(hypervisor, domain, agentError);
  return isLater ? owedRecord(context, awaited, "agent") : owed;
}

/** A paused guest that has an agent or a balloon driver can be asked once it resumes. */
async function owedWhilePaused(
  awaited: AwaitedMemory,
  context: UpdateContext,
): Promise<GuestRecord | undefined> {
  const { hypervisor, domain, observation } = context;
  if (awaited.online === "none") return withoutMissing(keptRecord(context));
  const { present } = awaited;
  const last = await balloonSource(hypervisor, domain)
    .ask()
    .catch(() => undefined);
  const reserved = present.reserved ?? (last && measuredReserve(present, last.memory));
  if (!observation.agentConnected && reserved === undefined) return keptRecord(context);
  const speaker = observation.agentConnected ? "agent" : "balloon";
  return owedRecord(context, { ...awaited, present: defined({ ...present, reserved }) }, speaker);
}

/**
 * Nothing can confirm the attach; the message after it says why.
 *
 * @param guest what the state keeps: if the guest lacks memory, the next update asks it
 */
function unconfirmed(
  { dimms }: AwaitedMemory,
  context: UpdateContext,
  why: string,
  guest: GuestRecord | undefined,
): Confirm {
  return async ({ now }) => {
    const attached = describeAttached(dimms, now.observed.live);
    await updateLog(context).warn(`${attached}; couldn't confirm with the guest: ${why}`);
    return { now, guest, isAwaited: false };
  };
}
