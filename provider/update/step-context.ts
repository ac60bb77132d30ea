import type { HookInput } from "../args/inputs.ts";
import type { Clock } from "../deadline.ts";
import type { Offlined } from "../guest/offline.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { DimmRemoval } from "../plan/plan.ts";

/** What carrying out a step needs beside the step. */
export interface StepContext extends UnplugContext {
  hypervisor: Hypervisor;
  domain: DomainRef;
  clock: Clock;
  /** Seconds that the guest gets to shut itself down. */
  shutdownTimeout: number;
  /** Seconds that the guest's balloon gets; false: it isn't waited for. */
  balloonTimeout: number | false;
  /** As the user gave them; each runs around every attach. */
  hooks: { before?: HookInput; after?: HookInput };
  uri: string;
  /** Says what went wrong without failing. */
  warn: (text: string) => Promise<void>;
  /** Says how far a step is. */
  status: (text: string) => Promise<void>;
  /** Changes the present inactive definition from what the arguments asked for before to what they ask for now. */
  redefinition: (present: string) => Promise<string>;
}

/** How memory is taken out of a running guest. */
export interface UnplugContext {
  /** Seconds that the guest gets to give a DIMM up. */
  removalTimeout: number;
  /** Aliases of DIMMs that the guest was asked for and has not answered about; kept up to date. */
  underWay: Set<string>;
  /** Takes a DIMM's blocks offline in the guest first, where somebody in it can. */
  offline?: (dimm: DimmRemoval) => Promise<Offlined>;
}
