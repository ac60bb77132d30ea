import { PROGRAM_FAILED_AND_SAID_SO } from "./hosts/hosts.ts";
import type { ProgramRequests } from "./monitor.ts";
import { messageOf } from "./report.ts";
import { type Session, stepExecutor } from "./session.ts";
import { packageConfig, wholeConfig } from "./stack/project.ts";
import {
  dependenciesOf,
  type Goal,
  newResource,
  providerReference,
  type Resource,
} from "./stack/resource.ts";
import { DYNAMIC_PACKAGE, isProviderType, isStack, packageOf, providerType, urnOf } from "./stack/urn.ts";
import type { Props } from "./stack/values.ts";
import { deleteInLayers } from "./steps/deletion.ts";
import type { Executor } from "./steps/executor.ts";
import { StepGenerator } from "./steps/generator.ts";
import { type Answer, Bail, type Step } from "./steps/step.ts";

type Event =
  | { kind: "register"; goal: Goal; answer: Answer }
  | { kind: "outputs"; urn: string; outputs: Props; answer: () => void }
  | { kind: "complete" }
  | { kind: "exited"; code: number }
  | { kind: "failed"; error: Error };

/**
 * The run of a program: takes what it registers one by one, so that check and diff never overlap, makes steps of it
 * and hands them to the executor.
 */
export class Update implements ProgramRequests {
  private readonly events: Event[] = [];
  private wake: () => void = () => {};
  private readonly ended = Promise.withResolvers<void>();
  /** References, by package and version. */
  private readonly defaultProviders = new Map<string, Promise<string>>();
  private readonly registeredResources = new Map<string, Resource>();
  /** Registered, and its outputs not yet replaced by the program. */
  private readonly awaitingOutputs = new Map<string, Resource>();
  private readonly skipped = new Set<string>();
  private stackOutputs: { urn: string; outputs: Props } | undefined;
  private readonly session: Session;
  private readonly generator: StepGenerator;
  private readonly executor: Executor;

  constructor(session: Session) {
    this.session = session;
    this.generator = new StepGenerator(session);
    this.executor = stepExecutor(session, this.generator, {
      done: (step) => this.stepDone(step),
      stop: () => this.wake(),
    });
  }

  /** Until the program has ended and all that follows from it is done. */
  async run(): Promise<void> {
    const { report, monitor, hosts } = this.session;
    monitor.program = this;
    const program = hosts.startProgram(this.session);
    const exited = program.exited.then(
      (code) => this.push({ kind: "exited", code }),
      (error) => this.push({ kind: "failed", error }),
    );
    let isComplete = false;
    try {
      isComplete = await this.takeEvents();
    } catch (error) {
      report.ok = false;
      if (!(error instanceof Bail)) report.error("", messageOf(error));
      this.executor.stop();
    }
    await this.executor.idle();
    if (this.executor.hasFailed) report.endedWith("failed", this.session);
    if (this.executor.hasStopped) report.ok = false;
    this.storeStackOutputs();
    // A program that was not let finish has nothing of interest to say any more.
    if (!isComplete) program.kill();
    monitor.refuseRequests();
    this.ended.resolve();
    await program.exitedOrKilled();
    await exited;
  }

  async register(goal: Goal): Promise<{ resource: Resource; failed: boolean }> {
    if (!goal.custom || isProviderType(goal.type)) return this.enqueue(goal);
    return this.enqueue({ ...goal, provider: goal.provider || (await this.defaultProvider(goal)) });
  }

  async read(goal: Goal): Promise<Resource> {
    return (await this.register(goal)).resource;
  }

  registerOutputs(urn: string, outputs: Props): Promise<void> {
    return new Promise((answer) => this.push({ kind: "outputs", urn, outputs, answer }));
  }

  programIsComplete(): Promise<void> {
    this.push({ kind: "complete" });
    return this.ended.promise;
  }

  registered(urn: string): Resource | undefined {
    return this.registeredResources.get(urn);
  }

  private defaultProvider({ type, version }: Goal): Promise<string> {
    const key = `${packageOf(type)}@${version}`;
    const known = this.defaultProviders.get(key) ?? this.registerDefaultProvider(packageOf(type), version);
    this.defaultProviders.set(key, known);
    return known;
  }

  /** Its inputs are the package's configuration; that of dynamic providers is the whole stack's. */
  private async registerDefaultProvider(ofPackage: string, version: string): Promise<string> {
    const { project, stack, config } = this.session;
    const inputs: Props =
      ofPackage === DYNAMIC_PACKAGE
        ? wholeConfig(config)
        : { ...packageConfig(config, ofPackage), ...(version === "" ? {} : { version }) };
    const type = providerType(ofPackage);
    const name = version === "" ? "default" : `default_${version.replaceAll(/[^\w]/g, "_")}`;
    const urn = urnOf({ stack, project: project.name, type, name, parent: "" });
    const resource = newResource({ urn, type, custom: true, inputs });
    const goal = { ...resource, deleteBeforeReplace: undefined, aliases: [], version: "" };
    return providerReference((await this.enqueue(goal)).resource);
  }

  private enqueue(goal: Goal): Promise<{ resource: Resource; failed: boolean }> {
    return new Promise((answer) => this.push({ kind: "register", goal, answer }));
  }

  private stepDone(step: Step): void {
    if (!step.new || step.op === "replace") return;
    this.registeredResources.set(step.urn, step.new);
    this.awaitingOutputs.set(step.urn, step.new);
    step.answer?.({ resource: step.new, failed: false });
  }

  private push(event: Event): void {
    this.events.push(event);
    this.wake();
  }

  /** Whether the program came to its end. */
  private async takeEvents(): Promise<boolean> {
    const { executor, generator } = this;
    for (;;) {
      while (this.events.length === 0 && !executor.hasStopped) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
      const event = this.events.shift();
      if (!event || executor.hasStopped) return false;
      if (event.kind === "register") await this.takeGoal(event.goal, event.answer);
      else if (event.kind === "outputs") this.takeOutputs(event);
      else if (event.kind === "failed") throw event.error;
      else {
        if (event.kind === "exited" && event.code !== 0) throw programFailure(event.code);
        // Otherwise complete, or the exit of an older SDK's program, which does not say that it is complete.
        if (!executor.hasFailed) {
          await executor.idle();
          await deleteInLayers(generator.deletions(), this.session.snapshot.base, executor);
        }
        return true;
      }
    }
  }

  private async takeGoal(goal: Goal, answer: Answer): Promise<void> {
    try {
      await this.submit(await this.generator.generate(goal, answer));
    } catch (error) {
      if (error instanceof Bail) throw error;
      this.session.report.error(goal.urn, messageOf(error));
      throw new Bail("a step could not be generated", { cause: error });
    }
  }

  /** Under continue-on-error, what depends on a failed step is skipped. */
  private async submit(steps: Step[]): Promise<void> {
    for (const failed of this.executor.failedSteps) this.skipped.add(failed.urn);
    const possible: Step[] = [];
    for (const step of steps) {
      if (!dependenciesOf(step.new ?? step.old).some((urn) => this.skipped.has(urn))) possible.push(step);
      else {
        this.skipped.add(step.urn);
        if (step.new) step.answer?.({ resource: step.new, failed: true });
      }
    }
    await this.executor.submit(possible);
  }

  private takeOutputs({ urn, outputs, answer }: { urn: string; outputs: Props; answer: () => void }): void {
    if (isStack(urn)) this.stackOutputs = { urn, outputs };
    else {
      const resource = this.awaitingOutputs.get(urn);
      if (!resource)
        throw new Error(`outputs of ${urn} were registered twice, or before the resource itself`);
      this.awaitingOutputs.delete(urn);
      resource.outputs = outputs;
      this.session.snapshot.save();
      this.session.report.outputsRegistered(urn);
    }
    answer();
  }

  /** At the very end, since after an error the old outputs are kept where there are no new ones. */
  private storeStackOutputs(): void {
    if (!this.stackOutputs) return;
    const { urn, outputs } = this.stackOutputs;
    const stack = this.awaitingOutputs.get(urn);
    if (!stack) return;
    stack.outputs = this.session.report.ok ? outputs : { ...this.oldStackOutputs(urn), ...outputs };
    this.session.snapshot.save();
    this.session.report.outputsRegistered(urn);
  }

  private oldStackOutputs(urn: string): Props {
    return this.session.snapshot.base.find((old) => old.urn === urn)?.outputs ?? {};
  }
}

function programFailure(code: number): Error {
  if (code === PROGRAM_FAILED_AND_SAID_SO) return new Bail("the program failed");
  return new Error(`the program exited with ${code}`);
}
