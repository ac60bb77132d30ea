import type { Inputs } from "../args/inputs.ts";
import type { Detaching, GuestRecord } from "../guest/record.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Observation } from "../observe/observe.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import type { Session } from "../session.ts";
import type { Kib } from "../units/kib.ts";

/** A change that is to be carried out on a domain. */
export interface UpdateContext {
  session: Session;
  hypervisor: Hypervisor;
  domain: DomainRef;
  uri: string;
  /** The arguments that were carried out before. */
  before: Inputs;
  news: Inputs;
  /** The domain as the change was planned from. */
  observation: Observation;
  change: UpdatePlan;
  adopted: boolean;
  /** What the state has of the guest's word. */
  guest?: GuestRecord | undefined;
  /** The running domain's memory as the state has it. */
  liveBefore?: Kib | undefined;
  /** What the state has of requests that the guest had not answered. */
  detaching?: Detaching | undefined;
}
