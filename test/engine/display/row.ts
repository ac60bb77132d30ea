import type { Diagnostic } from "../report.ts";
import { nameOf, typeOf } from "../stack/urn.ts";
import type { Op, StepInfo } from "../steps/step.ts";
import { diffSummary } from "./values.ts";
import { WORDS } from "./words.ts";

export type Stage = "waiting" | "begun" | "ended" | "failed";

/** A resource's line in the display. */
export class Row {
  stage: Stage = "waiting";
  step: StepInfo | undefined;
  /** The replacement as a whole, of which other steps are parts. */
  private replacement: StepInfo | undefined;
  private lastingMessage = "";
  private status = "";
  private begunAt = 0;
  private seconds = 0;
  private readonly urn: string;

  constructor(urn: string) {
    this.urn = urn;
  }

  take(stage: Exclude<Stage, "waiting">, step: StepInfo): void {
    if (stage === "begun") this.begunAt = performance.now();
    else {
      this.seconds = (performance.now() - this.begunAt) / 1000;
      this.status = "";
    }
    this.stage = stage;
    this.step = step;
    if (step.op === "replace") this.replacement = step;
  }

  say({ message, ephemeral }: Diagnostic): void {
    this.status = message;
    if (!ephemeral) this.lastingMessage = message;
  }

  /** Resources that stay as they are have a row only if there is something to say of them. */
  get isShown(): boolean {
    return this.message !== "" || (this.step !== undefined && this.step.op !== "same");
  }

  /** `overall`: of a replacement, once a step of it has ended, not that step but the whole. */
  text(o: { preview: boolean; outputs: boolean; overall: boolean }): string {
    const step = o.overall && this.stage === "ended" ? (this.replacement ?? this.step) : this.step;
    const diff = step ? diffOf(step, o) : "";
    const info = [diff, firstLine(this.message)].filter((part) => part !== "").join("; ");
    const sign = WORDS[step?.op ?? "same"].sign.padEnd(2);
    const state = step ? this.stateOf(step.op, o) : "";
    const words = [sign, typeOf(this.urn), nameOf(this.urn), state, info];
    return ` ${words.filter((word) => word !== "").join(" ")}`;
  }

  private get message(): string {
    return this.status || this.lastingMessage;
  }

  private stateOf(op: Op, { preview }: { preview: boolean }): string {
    const { planned, running, done } = WORDS[op];
    if (this.stage === "failed") return `${preview ? planned : running} failed`.trim();
    if (preview) return planned;
    if (this.stage === "begun" || done === "") return running;
    return `${done} (${this.seconds.toFixed(1)}s)`;
  }
}

/** Of the inputs; of the outputs where a resource was read. */
function diffOf({ old, new: now, op }: StepInfo, { outputs }: { outputs: boolean }): string {
  if (!old || !now) return "";
  if (outputs || op === "refresh") return diffSummary(old.outputs, now.outputs);
  return diffSummary(old.inputs, now.inputs);
}

function firstLine(message: string): string {
  return message.trim().split("\n")[0] ?? "";
}
