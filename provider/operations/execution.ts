import type { Detaching } from "../apply/detach.ts";
import type { Inputs } from "../args/inputs.ts";
import type { Kib } from "../domain/state.ts";
import type { GuestRecord } from "../guest/record.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Sighting } from "../observe/observe.ts";
import type { Change } from "../plan/change.ts";
import type { Session } from "../session.ts";

/** A change that is to be carried out on a domain. */
export interface Execution {
  session: Session;
  hypervisor: Hypervisor;
  domain: DomainRef;
  uri: string;
  /** The arguments that were carried out before. */
  before: Inputs;
  news: Inputs;
  /** The domain as the change was planned from. */
  sighting: Sighting;
  change: Change;
  adopted: boolean;
  /** What the state has of the guest's word. */
  guest?: GuestRecord | undefined;
  /** The running domain's memory as the state has it. */
  liveBefore?: Kib | undefined;
  /** What the state has of requests that the guest had not answered. */
  detaching?: Detaching | undefined;
}
