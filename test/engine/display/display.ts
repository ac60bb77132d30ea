import type { OperationKind } from "../operation.ts";
import type { EngineEvent, OperationResult } from "../report.ts";
import { isStack } from "../stack/urn.ts";
import { DetailedView } from "./detailed-view.ts";
import { type Look, Row } from "./row.ts";
import { diagnosticsSection, outputsSection, resourcesSection } from "./summary.ts";
import { tableLines } from "./table.ts";
import { coloured } from "./words.ts";

export interface DisplayOptions {
  kind: OperationKind;
  preview: boolean;
  stack: string;
  stackUrn: string;
  /** Which engine runs, and why. */
  engine: string;
  /** Shows each resource's properties in the place of its row, as `--diff` does. */
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

/** Shows an operation as Pulumi's CLI does. */
export class Display {
  /** All that was shown, as it is where there is no terminal. */
  text = "";
  private readonly rows = new Map<string, Row>();
  private drawnRows = 0;
  private over = false;
  private failures = 0;
  /** The stack's row; one of its own where a resource comes before the stack, as when all are deleted. */
  private root: Row | undefined;
  private readonly details: DetailedView | undefined;
  private readonly o: DisplayOptions;

  constructor(options: DisplayOptions) {
    this.o = options;
    if (options.diff) this.details = new DetailedView(options);
    const title = (options.preview ? PREVIEW_TITLES : TITLES)[options.kind];
    this.lasting([`engine: ${options.engine}`, `${title} (${options.stack}):`]);
  }

  show(event: EngineEvent): void {
    if (event.kind === "diagnostic" && event.diagnostic.severity === "debug") return;
    if (event.kind === "failed") this.failures++;
    if (this.details) this.lasting(this.details.linesOf(event));
    else this.showRow(event);
  }

  private showRow(event: EngineEvent): void {
    const row = this.row(event.kind === "diagnostic" ? event.diagnostic.urn : event.step.urn);
    const wasRefreshed = row.isRefreshed;
    row.take(event);
    if (event.kind !== "ended" || wasRefreshed || this.endsWithALine(event)) this.line(row);
    this.redraw();
  }

  close(result: OperationResult): void {
    const { kind, preview } = this.o;
    if (this.details) {
      this.lasting(resourcesSection(result, { preview, errored: this.failures }));
      return;
    }
    this.endRows();
    const errored = this.allRows.filter(({ hasErrors }) => hasErrors).length;
    const registered = this.root?.hasEnded ?? false;
    this.lasting([
      ...diagnosticsSection(result.diagnostics, this.o.stackUrn),
      ...(kind === "destroy" ? [] : outputsSection(result, { preview, registered })),
      ...resourcesSection(result, { preview, errored }),
    ]);
  }

  /** A plan is shown once, and what stays the same and a component end without another line. */
  private endsWithALine({ step }: Extract<EngineEvent, { step: unknown }>): boolean {
    return !this.o.preview && step.op !== "same" && (step.new ?? step.old)?.custom === true;
  }

  private endRows(): void {
    const unfinished = this.allRows.filter((row) => !row.isDone({ over: false }));
    this.over = true;
    if (this.root) this.root.isShown = true;
    for (const row of unfinished) this.line(row);
    this.redraw();
    if (this.o.terminal) this.o.write("\n");
  }

  /** The root last. */
  private get allRows(): Row[] {
    const { root } = this;
    return root ? [...[...this.rows.values()].filter((row) => row !== root), root] : [];
  }

  /** A message about no resource is the stack's. */
  private row(urn: string): Row {
    const known = urn === "" ? this.root : this.rows.get(urn);
    if (known) return known;
    if (urn !== "" && !isStack(urn)) return this.resourceRow(urn);
    this.root ??= new Row(this.o.stackUrn);
    if (urn !== "") this.rows.set(urn, this.root);
    return this.root;
  }

  private resourceRow(urn: string): Row {
    if (!this.rows.has(this.o.stackUrn)) {
      this.root ??= new Row(this.o.stackUrn);
      this.rows.set(this.o.stackUrn, new Row(this.o.stackUrn));
    }
    const row = new Row(urn);
    this.rows.set(urn, row);
    return row;
  }

  private look(terminal: boolean): Look {
    const { preview } = this.o;
    return { preview, terminal, over: this.over, anyFailed: this.failures > 0 };
  }

  private line(row: Row): void {
    if (!row.isShown) return;
    const line = ` ${row.columns(this.look(false)).join(" ")}\n`;
    this.text += line;
    if (!this.o.terminal) this.o.write(line);
  }

  /** On a terminal, all rows again in the place of those drawn before. */
  private redraw(): void {
    if (!this.o.terminal || !this.root) return;
    const o = { look: this.look(true), width: this.o.terminal.columns };
    const lines = tableLines(this.root, this.allRows, o).map(coloured);
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
