import { ProtectedError, type Step } from "./step.ts";

/**
 * Runs chains of steps, at most `parallel` at a time. A chain is accepted only when a worker is free for it. After a
 * failure nothing more is begun, unless `continueOnError`; what runs is let run to its end.
 */
export class Executor {
  readonly failedSteps: Step[] = [];
  private readonly running = new Set<Promise<void>>();
  private stopped = false;
  private anyFailed = false;
  private readonly parallel: number;
  private readonly continueOnError: boolean;
  private readonly run: (step: Step) => Promise<void>;
  private readonly onStop: () => void;

  constructor(o: {
    parallel: number;
    continueOnError: boolean;
    run: (step: Step) => Promise<void>;
    onStop?: () => void;
  }) {
    this.parallel = Math.max(1, o.parallel);
    this.continueOnError = o.continueOnError;
    this.run = o.run;
    this.onStop = o.onStop ?? (() => {});
  }

  get hasStopped(): boolean {
    return this.stopped;
  }

  get hasFailed(): boolean {
    return this.anyFailed;
  }

  stop(): void {
    this.stopped = true;
    this.onStop();
  }

  async submit(chain: Step[]): Promise<void> {
    while (this.running.size >= this.parallel && !this.stopped) await Promise.race(this.running);
    if (this.stopped || chain.length === 0) return;
    const work: Promise<void> = this.runChain(chain).finally(() => this.running.delete(work));
    this.running.add(work);
  }

  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private async runChain(chain: Step[]): Promise<void> {
    for (const step of chain) {
      if (this.stopped) return;
      try {
        await this.run(step);
      } catch (error) {
        this.anyFailed = true;
        if (!this.continueOnError && !(error instanceof ProtectedError)) return this.stop();
        this.failedSteps.push(step);
        // The registration is answered by its last step, which may not have begun: a replace whose delete failed.
        for (const { new: resource, answer } of chain.slice(chain.indexOf(step)))
          if (resource) answer?.({ resource, failed: true });
        return;
      }
    }
  }
}
