import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { hotplugSetting } from "../args/settings.ts";
import { UserError } from "../errors.ts";
import type { AddressRecord } from "../guest/address-record.ts";
import { currentRecord, type GuestRecord } from "../guest/record.ts";
import { currentVcpuRecord, type VcpuRecord } from "../guest/vcpus.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Observation } from "../observe/observe.ts";
import type { Outputs } from "../outputs.ts";
import type { VcpuRemoval } from "../plan/observed.ts";
import type { DefineStep, Step } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import type { ReasonCode } from "../plan/reason-codes.ts";
import type { Session } from "../session.ts";

/** A definition that libvirt accepts, and the one that it was made from. Both have secrets in them. */
export interface NewDefinition {
  from: string;
  xml: string;
  /** The step that writes it: not the planned one where somebody else has changed the definition since. */
  step: DefineStep;
}

/** An update to carry out. Nothing in it changes while it runs. */
export interface UpdateContext {
  session: Session;
  hypervisor: Hypervisor;
  domain: DomainRef;
  uri: string;
  /** The arguments that were carried out before. */
  before: Inputs;
  news: Inputs;
  /** The domain that the plan was made for. */
  observation: Observation;
  plan: UpdatePlan;
  adopted: boolean;
  /** The resource's state before the update; undefined for a domain that is being adopted. */
  state?: Outputs;
}

/** How far an update has come: everything that changes while it runs. */
export interface Progress {
  /** The steps that have been carried out. */
  done: Step[];
  /** The present definition is kept for a restart, or was about to be. */
  keepsDefinition?: true;
  /** The definition that a step writes, which libvirt accepts; undefined where none does. */
  definition?: NewDefinition | undefined;
  /** The domain as it was read back last. */
  now: Observation;
  /** Nothing was done and nobody was waited for since then. */
  isReadBack: boolean;
  /** Aliases of DIMMs with an unanswered request to release them. */
  unanswered: Set<string>;
  /** What the guest reported after its memory was changed. */
  guest?: GuestRecord | undefined;
  /** The guest's addresses; undefined where those of the state are kept. */
  addresses?: AddressRecord;
  /** What it reported about its vCPUs. */
  guestVcpus?: VcpuRecord | undefined;
  /** A removal of vCPUs that got no answer. */
  vcpuRemoval?: VcpuRemoval;
  /** The update waited until the guest had the attached memory, or the time was up. */
  isGuestAwaited: boolean;
}

/** How long to wait for the guest: `hotplug.awaitGuest`. */
export function secondsForGuest({ news, session }: UpdateContext): number | false {
  return hotplugSetting("awaitGuest", news, session.defaults);
}

/** Whether the update shuts the domain down or starts it: then it doesn't wait for the guest. */
export function isPoweredOffOrOn({ plan }: UpdateContext): boolean {
  return plan.steps.some(({ kind }) => kind === "stop" || kind === "start");
}

/** Whether DIMMs are removed and none is attached. */
export function onlyRemovesDimms({ plan }: UpdateContext): boolean {
  const kinds = new Set(plan.steps.map(({ kind }) => kind));
  return kinds.has("detach") && !kinds.has("attach");
}

/** Steps that change the guest's memory, so that its earlier report is out of date. */
const CHANGES_MEMORY: ReadonlySet<Step["kind"]> = new Set(["attach", "detach", "resize", "stop", "start"]);

/** What the guest reported in an earlier update, if that still holds. */
export function keptRecord({ state, domain, plan }: UpdateContext): GuestRecord | undefined {
  if (plan.steps.some(({ kind }) => CHANGES_MEMORY.has(kind))) return undefined;
  return currentRecord(state?.__guest, domain.id);
}

/** What the guest reported about its vCPUs in an earlier update, if that still holds. */
export function keptVcpuRecord({ state, domain, plan }: UpdateContext): VcpuRecord | undefined {
  if (plan.steps.some(({ kind }) => CHANGES_VCPUS.has(kind))) return undefined;
  return currentVcpuRecord(state?.__guestVcpus, domain.id);
}

const CHANGES_VCPUS: ReadonlySet<Step["kind"]> = new Set(["plugVcpus", "unplugVcpus", "stop", "start"]);

/** Refuses the update before anything has changed. */
export function refuseUpdate(
  { domain, before, news }: UpdateContext,
  why: string,
  code?: ReasonCode,
): UserError {
  return new UserError(redact(`Unable to update domain ${domain.name}: ${why}`, before, news), { code });
}

/** Shows a status on the resource's row. */
export interface UpdateLog {
  status(text: string): Promise<void>;
  info(text: string): Promise<void>;
  warn(text: string): Promise<void>;
}

/** Without figures where a size is secret. */
export function updateLog({ session, before, news }: UpdateContext): UpdateLog {
  const { log } = session;
  const text = (message: string) => redact(message, before, news);
  return {
    status: (message) => log.status(news.__urn, text(message)),
    info: (message) => log.message(news.__urn, "info", text(message)),
    warn: (message) => log.message(news.__urn, "warning", text(message)),
  };
}
