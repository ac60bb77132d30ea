import type { EngineEvent } from "../report.ts";
import { isStack, typeOf } from "../stack/urn.ts";
import type { Op, StepInfo } from "../steps/step.ts";
import { differenceLines, outputLines, propertyLines } from "./diff.ts";
import { shownChanges } from "./named-changes.ts";
import { WORDS, withSeverity } from "./words.ts";

/** A replacement is shown once, as a whole. */
const HIDDEN: Op[] = ["same", "create-replacement", "delete-replaced", "remove-pending-replace"];

const LEVEL = "    ";

/** What `--diff` shows: messages as they arrive, and resources with their properties. */
export class DetailedView {
  /** The last step that was begun of each resource. */
  private readonly begun = new Map<string, StepInfo>();
  private readonly preview: boolean;

  constructor({ preview }: { preview: boolean }) {
    this.preview = preview;
  }

  linesOf(event: EngineEvent): string[] {
    if (event.kind === "diagnostic") return withSeverity(event.diagnostic).split("\n");
    const { kind, step } = event;
    if (kind === "begun") {
      this.begun.set(step.urn, step);
      return isShown(step) && step.op !== "refresh" ? this.block(step) : [];
    }
    return kind === "ended" && isShown(step) ? this.ending(step) : [];
  }

  private ending(step: StepInfo): string[] {
    const isRefresh = this.begun.get(step.urn)?.op === "refresh";
    const indent = this.indentOf(step) + LEVEL;
    if (isRefresh && step.op === "update") {
      const { old, new: now } = step;
      const all = { olds: old?.outputs, news: now?.outputs ?? {}, inputs: {}, all: true };
      return [...this.heading(step), ...outputLines(all, indent)];
    }
    const outputs = this.outputs(step, { isRefresh, indent });
    const heading = isRefresh && (step.op !== "refresh" || outputs.length > 0) ? this.heading(step) : [];
    return outputs.length === 0 ? heading : [...heading, `${indent}--outputs:--`, ...outputs];
  }

  /** What a preview knows of outputs concerns the stack, and resources that were read. */
  private outputs(step: StepInfo, { isRefresh, indent }: { isRefresh: boolean; indent: string }): string[] {
    const { urn, old, new: now } = step;
    if (this.preview && !isRefresh && !isStack(urn)) return [];
    if (old && old.initErrors.length > 0) return [];
    const inputs = isRefresh ? {} : (now?.inputs ?? {});
    const all = !this.preview && isStack(urn);
    return outputLines({ olds: old?.outputs, news: now?.outputs ?? {}, inputs, all }, indent);
  }

  /** A resource with what differs of its properties, or all of them where it comes or goes. */
  private block(step: StepInfo): string[] {
    const { op, old, new: now } = step;
    const indent = this.indentOf(step) + LEVEL;
    const heading = this.heading(step);
    if (op === "same") return heading;
    if (old && now) {
      const { olds, news } = shownChanges(step);
      return [...heading, ...differenceLines(olds, news, indent)];
    }
    const only = now ?? old;
    return only ? [...heading, ...propertyLines(only.inputs, indent)] : heading;
  }

  private heading(step: StepInfo): string[] {
    const { op, urn, old } = step;
    const indent = this.indentOf(step);
    return [
      `${indent}${WORDS[op].sign.padEnd(2)}${typeOf(urn)}: (${op})`,
      ...(old?.id ? [`${indent}${LEVEL}[id=${old.id}]`] : []),
      `${indent}${LEVEL}[urn=${urn}]`,
    ];
  }

  /** Below the resources that it is a part of, as far as they were shown. */
  private indentOf(step: StepInfo): string {
    const parent = this.begun.get((step.new ?? step.old)?.parent ?? "");
    if (!parent) return "";
    return this.indentOf(parent) + (isShown(parent) ? LEVEL : "");
  }
}

function isShown({ op, urn }: StepInfo): boolean {
  return isStack(urn) || !HIDDEN.includes(op);
}
