import { isDefaultProvider, nameOf } from "./stack/urn.ts";
import type { Props } from "./stack/values.ts";
import type { StepInfo } from "./steps/step.ts";

export type Severity = "debug" | "info" | "warning" | "error";

export interface Diagnostic {
  /** Empty where it concerns no resource. */
  urn: string;
  severity: Severity;
  message: string;
  /** A status for the resource's row alone, of no lasting interest. */
  ephemeral: boolean;
}

/** What happens, as it happens. A step that fails has no end of the other kind. */
export type EngineEvent =
  | { kind: "begun" | "ended" | "failed"; step: StepInfo }
  | { kind: "diagnostic"; diagnostic: Diagnostic };

export interface OperationResult {
  ok: boolean;
  /** Those that ended, and those that were begun. */
  steps: StepInfo[];
  begun: StepInfo[];
  /** How many resources had which outcome; a replacement counts once. */
  changes: Record<string, number>;
  diagnostics: Diagnostic[];
  errors: string[];
  /** The stack's, after the operation and before it. */
  outputs: Props;
  /** Undefined where there was no stack. */
  oldOutputs: Props | undefined;
  durationMs: number;
}

/** Collects what the operation comes to, and passes each event on. */
export class Report {
  ok = true;
  readonly steps: StepInfo[] = [];
  readonly begunSteps: StepInfo[] = [];
  readonly changes: Record<string, number> = {};
  readonly diagnostics: Diagnostic[] = [];
  private readonly listener: (event: EngineEvent) => void;
  /** By URN: steps of components, which end when the program registers their outputs. */
  private readonly awaitingOutputs = new Map<string, StepInfo>();

  constructor(listener: (event: EngineEvent) => void) {
    this.listener = listener;
  }

  begun(step: StepInfo): void {
    if (!isShown(step)) return;
    this.begunSteps.push(step);
    this.listener({ kind: "begun", step });
  }

  /** `counted`: the outcome by which the resource counts, if it does. */
  ended(step: StepInfo, counted: string | undefined): void {
    if (!isShown(step)) return;
    if (counted) this.changes[counted] = (this.changes[counted] ?? 0) + 1;
    this.emitEnd(step);
  }

  /** A component's step has ended, but for the outputs that the program registers. */
  awaitsOutputs(step: StepInfo): void {
    this.changes[step.op] = (this.changes[step.op] ?? 0) + 1;
    this.awaitingOutputs.set(step.urn, step);
  }

  outputsRegistered(urn: string): void {
    const step = this.awaitingOutputs.get(urn);
    if (step) this.emitEnd(step);
  }

  private emitEnd(step: StepInfo): void {
    this.steps.push(step);
    this.listener({ kind: "ended", step });
  }

  failed(step: StepInfo, error: unknown): void {
    this.error(step.urn, messageOf(error));
    if (isShown(step)) this.listener({ kind: "failed", step });
  }

  /** How the real engine ends an operation in which a step failed, or which was cancelled. */
  endedWith(how: "failed" | "canceled", { preview }: { preview: boolean }): void {
    this.error("", `${preview ? "preview" : "update"} ${how}`);
  }

  /** An error of the operation itself. */
  error(urn: string, message: string): void {
    this.ok = false;
    this.diagnostic({ urn, severity: "error", message, ephemeral: false });
  }

  /** An error that is logged is shown, but does not fail the operation. */
  diagnostic(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
    this.listener({ kind: "diagnostic", diagnostic });
  }

  get errors(): string[] {
    return errorsIn(this.diagnostics);
  }
}

/** The errors among messages, each after the name of its resource. */
export function errorsIn(
  diagnostics: readonly { urn: string; severity: string; message: string; ephemeral?: boolean }[],
): string[] {
  const errors = diagnostics.filter(({ severity, ephemeral }) => severity === "error" && !ephemeral);
  return errors.map(({ urn, message }) => (urn === "" ? message : `${nameOf(urn)}: ${message}`));
}

/** A default provider is a resource of the state, but none of the user's. */
function isShown({ urn }: StepInfo): boolean {
  return !isDefaultProvider(urn);
}

/** A gRPC error's `details` is the provider's message without the status code. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return ("details" in error && typeof error.details === "string" && error.details) || error.message;
}
