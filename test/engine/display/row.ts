import type { Diagnostic } from "../report.ts";
import { nameOf, typeOf } from "../stack/urn.ts";
import type { StepInfo } from "../steps/step.ts";
import { diffSummary } from "./values.ts";
import { WORDS } from "./words.ts";

export type Stage = "waiting" | "begun" | "ended" | "failed";

/** A resource's line in the display. */
export class Row {
  stage: Stage = "waiting";
  step: StepInfo | undefined;
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
    // A replacement has several steps; its row stays that of the whole.
    const isPart = step.op === "create-replacement" || step.op === "delete-replaced";
    if (!isPart || this.step?.op !== "replace" || stage !== "ended") this.step = step;
  }

  say({ message, ephemeral }: Diagnostic): void {
    this.status = message;
    if (!ephemeral) this.lastingMessage = message;
  }

  /** Resources that stay as they are have a row only if there is something to say of them. */
  get isShown(): boolean {
    return this.message !== "" || (this.step !== undefined && this.step.op !== "same");
  }

  text(o: { preview: boolean; outputs: boolean }): string {
    const { sign } = WORDS[this.step?.op ?? "same"];
    const info = [this.diff(o.outputs), firstLine(this.message)].filter((part) => part !== "").join("; ");
    const words = [sign.padEnd(2), typeOf(this.urn), nameOf(this.urn), this.state(o.preview), info];
    return ` ${words.filter((word) => word !== "").join(" ")}`;
  }

  private get message(): string {
    return this.status || this.lastingMessage;
  }

  private state(preview: boolean): string {
    if (!this.step) return "";
    const { planned, running, done } = WORDS[this.step.op];
    if (this.stage === "failed") return `${preview ? planned : running} failed`.trim();
    if (preview) return planned;
    if (this.stage === "begun" || done === "") return running;
    return `${done} (${this.seconds.toFixed(1)}s)`;
  }

  /** Of the inputs; of the outputs where a resource was read. */
  private diff(outputs: boolean): string {
    const { old, new: now, op } = this.step ?? {};
    if (!old || !now) return "";
    if (outputs || op === "refresh") return diffSummary(old.outputs, now.outputs);
    return diffSummary(old.inputs, now.inputs);
  }
}

function firstLine(message: string): string {
  return message.trim().split("\n")[0] ?? "";
}
