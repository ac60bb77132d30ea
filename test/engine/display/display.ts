import type { OperationKind } from "../operation.ts";
import type { Diagnostic, EngineEvent, OperationResult } from "../report.ts";
import { isStack } from "../stack/urn.ts";
import type { StepInfo } from "../steps/step.ts";
import { resourceBlock } from "./resource-block.ts";
import { Row } from "./row.ts";
import { summary } from "./summary.ts";
import { coloured } from "./words.ts";

export interface DisplayOptions {
  kind: OperationKind;
  preview: boolean;
  stack: string;
  /** Which engine runs, and why. */
  engine: string;
  /** Shows each resource's properties, as `--diff` does. */
  diff: boolean;
  /** On a terminal rows are rewritten in place and coloured; elsewhere a line is written for each change of a row. */
  terminal: { columns: number } | undefined;
  write: (text: string) => void;
}

const TITLES = { update: "Updating", refresh: "Refreshing", destroy: "Destroying" };
const PREVIEW_TITLES = {
  update: "Previewing update",
  refresh: "Previewing refresh",
  destroy: "Previewing destroy",
};

/** Shows an operation much as Pulumi's CLI does. */
export class Display {
  /** All that was shown, as it is where there is no terminal. */
  text = "";
  private readonly rows = new Map<string, Row>();
  private drawnRows = 0;
  private readonly o: DisplayOptions;

  constructor(options: DisplayOptions) {
    this.o = options;
    const title = (options.preview ? PREVIEW_TITLES : TITLES)[options.kind];
    this.lasting([`engine: ${options.engine}`, `${title} (${options.stack}):`]);
  }

  show(event: EngineEvent): void {
    if (event.kind === "diagnostic") this.showDiagnostic(event.diagnostic);
    else this.showStep(event.kind, event.step);
  }

  close(result: OperationResult): void {
    this.lasting(summary(result, this.o));
  }

  private showStep(kind: "begun" | "ended" | "failed", step: StepInfo): void {
    const row = this.row(step.urn);
    row.take(kind, step);
    // A plan is shown once, when it is complete.
    if (this.o.preview && kind === "begun") return;
    const isFirst = kind === (this.o.preview ? "ended" : "begun");
    this.rowChanged(row, this.o.diff && isFirst ? step : undefined);
  }

  private showDiagnostic(diagnostic: Diagnostic): void {
    if (diagnostic.severity === "debug" || diagnostic.urn === "") return;
    const row = this.row(diagnostic.urn);
    row.say(diagnostic);
    // Otherwise it is on the line that follows, at the latest in the diagnostics.
    if (row.stage === "begun" && diagnostic.severity !== "error") this.rowChanged(row);
    else this.redraw();
  }

  private row(urn: string): Row {
    const known = this.rows.get(urn);
    if (known) return known;
    const row = new Row(urn);
    this.rows.set(urn, row);
    return row;
  }

  /** `detailed`: the step whose properties follow the row. */
  private rowChanged(row: Row, detailed?: StepInfo): void {
    this.redraw();
    if (!this.isShown(row)) return;
    const { preview, kind, terminal, diff } = this.o;
    const outputs = kind === "refresh";
    const lines = [row.text({ preview, outputs, overall: false })];
    if (detailed) lines.push(...resourceBlock(detailed, { outputs }));
    this.text += asText(lines);
    if (!terminal) this.o.write(asText(lines));
    else if (diff) this.o.write(asText(lines.map(coloured)));
  }

  private isShown(row: Row): boolean {
    return row.isShown || (row.step !== undefined && isStack(row.step.urn) && row.stage !== "begun");
  }

  /** On a terminal, all rows anew in the place of those drawn before. */
  private redraw(): void {
    const { terminal, preview, kind } = this.o;
    if (!terminal || this.o.diff) return;
    const o = { preview, outputs: kind === "refresh", overall: true };
    const rows = [...this.rows.values()].filter((row) => this.isShown(row));
    const lines = rows.map((row) => coloured(row.text(o).slice(0, terminal.columns - 1)));
    const back = this.drawnRows > 0 ? `\x1b[${this.drawnRows}A\x1b[J` : "";
    this.o.write(back + asText(lines));
    this.drawnRows = lines.length;
  }

  private lasting(lines: string[]): void {
    this.text += asText(lines);
    this.o.write(asText(this.o.terminal ? lines.map(coloured) : lines));
  }
}

function asText(lines: string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
