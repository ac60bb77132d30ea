import type { Hosts } from "./hosts/hosts.ts";
import type { Providers } from "./hosts/providers.ts";
import type { Monitor } from "./monitor.ts";
import type { Report } from "./report.ts";
import type { Config, Project } from "./stack/project.ts";
import type { Snapshot } from "./stack/snapshot.ts";
import { apply } from "./steps/apply.ts";
import { Executor } from "./steps/executor.ts";
import type { StepGenerator } from "./steps/generator.ts";
import type { Step } from "./steps/step.ts";

/** What the parts of one operation share. */
export interface Session {
  hosts: Hosts;
  project: Project;
  stack: string;
  config: Config;
  env: Record<string, string | undefined>;
  preview: boolean;
  parallel: number;
  continueOnError: boolean;
  signal: AbortSignal;
  report: Report;
  snapshot: Snapshot;
  providers: Providers;
  monitor: Monitor;
}

/** An executor that reports each step; it stops when the operation is cancelled. */
export function stepExecutor(
  session: Session,
  generator: StepGenerator,
  on: { done?: (step: Step) => void; stop?: () => void } = {},
): Executor {
  const { report, parallel, continueOnError, signal } = session;
  const world = { ...session, isDeleted: (urn: string) => generator.isDeleted(urn) };
  const run = async (step: Step) => {
    report.begun(step);
    try {
      await apply(step, world);
    } catch (error) {
      report.failed(step, error);
      throw error;
    }
    if (step.new && !step.new.custom) report.awaitsOutputs(step);
    else report.ended(step, isPartOfReplacement(step) ? undefined : step.op);
    on.done?.(step);
  };
  const executor = new Executor({ parallel, continueOnError, run, onStop: on.stop ?? (() => {}) });
  if (signal.aborted) executor.stop();
  signal.addEventListener("abort", () => executor.stop(), { once: true });
  return executor;
}

/** Counted once, by its `replace` step. */
function isPartOfReplacement({ op }: Step): boolean {
  return (
    op === "create-replacement" ||
    op === "import-replacement" ||
    op === "read-replacement" ||
    op === "delete-replaced" ||
    op === "remove-pending-replace"
  );
}
