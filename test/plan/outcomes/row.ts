import type { Defaults } from "../../../provider/args/settings.ts";
import type { Observed } from "../../../provider/plan/observed.ts";
import type { Outcome } from "../../../provider/plan/plan.ts";
import type { ReasonCode } from "../../../provider/plan/reason-codes.ts";
import type { Kib } from "../../../provider/units/kib.ts";

/** One kind of change: the domain before it, the program afterwards, and the plan. docs/outcomes.md has the same rows. */
export interface OutcomeRow {
  /** As the docs name it. */
  name: string;
  /** The domain before the change; left out: a new domain. */
  before?: Observed;
  /** The program before the change, besides 1003 MiB of at most 8 GiB. */
  had?: Record<string, unknown>;
  /** What the program changes. */
  change: Record<string, unknown>;
  /** As planned; `create` for a new domain, `check error` where the arguments are refused. */
  outcome: Outcome | "create" | "check error";
  headline: string;
  /** The details, except for the texts of the reasons. */
  details?: string[];
  /** The codes of the reasons. */
  codes?: ReasonCode[];
  /** The stack's configuration. */
  stack?: Partial<Defaults>;
  /** The domain was not created by this provider. */
  adopted?: boolean;
  /** The memory of the definition in our state, where someone else changed it since. */
  recorded?: Kib;
  /** The disk images that this provider made. */
  made?: string[];
  /** The domain as `up` finds it, where that isn't what the preview saw. */
  found?: Observed;
}

/** Details that many plans have. */
export const maximum = "maximum without a restart: 8 GiB";
export const mustRelease =
  "the guest must release the memory; if it refuses, the memory stays and the update fails";
export const nextBoot =
  "the change takes effect when the domain is next shut down and started; a reboot inside the guest isn't enough";
export const replaceCosts =
  "the domain is shut down, deleted and recreated: disk files are kept; NVRAM, TPM state, snapshots and manual changes are lost";
export const keptByRestart =
  'hotplug.whenNotPossible "restart" keeps NVRAM, TPM state, snapshots and manual changes';
export const nothingDone = "nothing was done";
