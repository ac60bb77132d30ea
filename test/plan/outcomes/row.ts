import type { Defaults } from "../../../provider/args/settings.ts";
import type { Observed } from "../../../provider/plan/observed.ts";
import type { Outcome } from "../../../provider/plan/plan.ts";
import type { Kib } from "../../../provider/units/kib.ts";

/** One kind of change: what there is, what the program says then, and what follows. docs/outcomes.md has the same rows. */
export interface OutcomeRow {
  /** As the docs name it. */
  name: string;
  /** The domain before the change; left out: there is none yet. */
  before?: Observed;
  /** What the program said until now, beside «1003 MiB of at most 8 GiB». */
  had?: Record<string, unknown>;
  /** What it says otherwise now. */
  change: Record<string, unknown>;
  /** As planned; `create` of a new domain, `check error` when the arguments alone are refused. */
  outcome: Outcome | "create" | "check error";
  /** All that the preview says. */
  sentence: string;
  /** The stack's configuration. */
  stack?: Partial<Defaults>;
  /** Somebody else made the domain. */
  adopted?: boolean;
  /** The memory of the definition as our state has it, where others changed it since. */
  recorded?: Kib;
  /** The domain as up finds it, where that isn't what the preview saw. */
  found?: Observed;
}

/** Said of everything that waits for the next boot. */
export const nextBoot =
  "takes effect when the domain is next shut down and started; a reboot inside the guest isn't enough";
/** Said of every replace that follows from the memory. */
export const replaceCosts =
  'the domain is shut down, deleted and created anew: disk files are kept; NVRAM, TPM state, snapshots and changes made by hand are not; hotplug.whenNotPossible "restart" would keep them';
