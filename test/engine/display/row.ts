import type { Diagnostic, EngineEvent } from "../report.ts";
import { isStack, nameOf, typeOf } from "../stack/urn.ts";
import type { Op, StepInfo } from "../steps/step.ts";
import { shownChanges } from "./named-changes.ts";
import { diffSummary } from "./values.ts";
import { WORDS, withSeverity } from "./words.ts";

/** What the text of all rows depends on. */
export interface Look {
  preview: boolean;
  /** One row a resource, rewritten in place; elsewhere each step of a resource has lines of its own. */
  terminal: boolean;
  /** The operation has ended: rows count the messages that follow below them. */
  over: boolean;
  anyFailed: boolean;
}

/** The sign, type, name, status and information of a resource. */
export type Columns = [sign: string, type: string, name: string, status: string, info: string];

/** A resource's row, by the rules of the CLI's progress display. */
export class Row {
  /** A resource that stays the same has a row only if there is a message about it. */
  isShown = false;
  private step: StepInfo | undefined;
  hasEnded = false;
  private hasFailed = false;
  private replacement: StepInfo | undefined;
  private readonly counts = { error: 0, warning: 0, info: 0, debug: 0 };
  private lastMessage: Diagnostic | undefined;
  private lastError: Diagnostic | undefined;
  private begunAt = 0;
  private seconds: number | undefined;
  readonly urn: string;

  constructor(urn: string) {
    this.urn = urn;
  }

  take(event: EngineEvent): void {
    if (event.kind === "diagnostic") this.record(event.diagnostic);
    else this.advance(event.kind, event.step);
  }

  private advance(kind: "begun" | "ended" | "failed", step: StepInfo): void {
    // The CLI doesn't show the stack's row at the first event about it.
    if (step.op !== "same" || (isStack(step.urn) && this.step !== undefined)) this.isShown = true;
    this.step = step;
    this.hasEnded = kind === "ended";
    if (kind === "failed") this.hasFailed = true;
    if (kind === "ended") this.seconds = (performance.now() - this.begunAt) / 1000;
    else this.seconds = undefined;
    if (kind === "begun") this.begunAt = performance.now();
    if (kind === "ended" && step.op === "replace") this.replacement = step;
  }

  private record(diagnostic: Diagnostic): void {
    this.isShown = true;
    this.lastMessage = diagnostic;
    if (diagnostic.severity === "error") this.lastError = diagnostic;
    if (!diagnostic.ephemeral) this.counts[diagnostic.severity]++;
  }

  /** The URN of the resource that this one is a part of. */
  get parent(): string {
    return (this.step?.new ?? this.step?.old)?.parent ?? "";
  }

  get hasErrors(): boolean {
    return this.counts.error > 0;
  }

  get isRefreshed(): boolean {
    return this.step?.op === "refresh";
  }

  /** The stack itself is done when the operation is. */
  isDone({ over }: { over: boolean }): boolean {
    return this.hasFailed || over || (this.hasEnded && !isStack(this.urn));
  }

  columns(look: Look): Columns {
    const sign = WORDS[this.shownOp(look)].sign.padEnd(2);
    return [sign, typeOf(this.urn), nameOf(this.urn), this.status(look), this.info(look)];
  }

  /** On a terminal a replacement is shown as a whole, not as its steps, as long as nothing has failed. */
  private shownOp({ terminal, anyFailed, preview, over }: Look): Op {
    const op = this.step?.op ?? "same";
    const isPart = op === "create-replacement" || op === "delete-replaced";
    return isPart && terminal && !anyFailed && (preview || over) ? "replace" : op;
  }

  private status(look: Look): string {
    const op = this.shownOp(look);
    const { planned, running, done, failed } = WORDS[op];
    if (!this.isDone(look)) {
      if (isStack(this.urn) && op === "same") return "running";
      if (look.preview) return planned;
      return op === "same"
        ? running
        : `${running} (${Math.floor((performance.now() - this.begunAt) / 1000)}s)`;
    }
    if (look.preview) return look.terminal && op === "refresh" ? done : planned;
    const hasError = this.hasFailed || this.hasErrors;
    const isCustom = (this.step?.new ?? this.step?.old)?.custom === true;
    if (look.over && !hasError && isCustom && op !== "same" && !this.hasEnded)
      return `${running} (interrupted)`;
    const words = `${hasError ? failed : done}${op === "same" ? "" : this.duration}`;
    return hasError ? `**${words}**` : words;
  }

  private get duration(): string {
    if (this.seconds === undefined) return "";
    return this.seconds < 1 ? ` (${this.seconds.toFixed(2)}s)` : ` (${Math.floor(this.seconds)}s)`;
  }

  private info(look: Look): string {
    const isPart = this.step?.op === "create-replacement" || this.step?.op === "delete-replaced";
    const step = isPart ? (this.replacement ?? this.step) : this.step;
    const messages = look.over ? this.counted() : this.current(look);
    const info = [step ? diffOf(step) : "", ...messages].filter((part) => part !== "").join("; ");
    return info.split("\n")[0] ?? "";
  }

  private counted(): string[] {
    const { error, warning, info } = this.counts;
    return [counted(error, "error"), counted(warning, "warning"), counted(info, "message")];
  }

  private current({ terminal }: Look): string[] {
    const diagnostic = (terminal && this.lastError) || this.lastMessage;
    return diagnostic ? [withSeverity(diagnostic)] : [];
  }
}

function counted(count: number, noun: string): string {
  return count === 0 ? "" : `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function diffOf(step: StepInfo): string {
  if (!step.old || !step.new || step.op === "same") return "";
  const { olds, news } = shownChanges(step);
  return diffSummary(olds, news);
}
