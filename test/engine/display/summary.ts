import type { OperationKind } from "../operation.ts";
import type { Diagnostic, OperationResult } from "../report.ts";
import { nameOf, typeOf } from "../stack/urn.ts";
import type { Op } from "../steps/step.ts";
import { differenceLines, propertyLines } from "./diff.ts";
import { changesBetween } from "./values.ts";
import { WORDS } from "./words.ts";

/** What follows the rows: diagnostics, the stack's outputs, how many resources changed, how long it took. */
export function summary(result: OperationResult, o: { kind: OperationKind; preview: boolean }): string[] {
  const sections = [
    diagnosticsSection(result.diagnostics),
    o.kind === "destroy" || !result.ok ? [] : outputsSection(result),
    resourcesSection(result.changes, o.preview),
    o.preview ? [] : ["", `Duration: ${(result.durationMs / 1000).toFixed(1)}s`],
    result.ok ? [] : ["", `error: ${o.preview ? "preview" : o.kind} failed`],
  ];
  return sections.flat();
}

/** By resource, in the order in which they first spoke; those of no resource first. */
function diagnosticsSection(diagnostics: Diagnostic[]): string[] {
  const lasting = diagnostics.filter(({ severity, ephemeral }) => severity !== "debug" && !ephemeral);
  if (lasting.length === 0) return [];
  const lines = ["", "Diagnostics:"];
  for (const [urn, said] of Map.groupBy(lasting, (diagnostic) => diagnostic.urn)) {
    const indent = urn === "" ? "  " : "    ";
    if (urn !== "") lines.push(`  ${typeOf(urn)} (${nameOf(urn)}):`);
    for (const { severity, message } of said) {
      const text = severity === "info" ? message : `${severity}: ${message}`;
      lines.push(
        ...text
          .trimEnd()
          .split("\n")
          .map((line) => indent + line),
      );
    }
  }
  return lines;
}

function outputsSection({ outputs, oldOutputs }: OperationResult): string[] {
  const changes = changesBetween(oldOutputs, outputs);
  const unchanged = Object.fromEntries(Object.entries(outputs).filter(([key]) => !changes.has(key)));
  const lines = [
    ...differenceLines(oldOutputs, outputs, { indent: "  " }),
    ...propertyLines(unchanged, "    "),
  ];
  return lines.length === 0 ? [] : ["", "Outputs:", ...lines];
}

const COUNTED: Op[] = ["create", "update", "replace", "delete"];

function resourcesSection(changes: Record<string, number>, preview: boolean): string[] {
  const changed = COUNTED.filter((op) => changes[op]).map((op) => {
    const { sign, planned, done } = WORDS[op];
    return `    ${sign.padEnd(2)}${changes[op]} ${preview ? `to ${planned}` : done}`;
  });
  const unchanged = changes.same ? [`    ${changes.same} unchanged`] : [];
  const lines = [...changed, ...unchanged];
  return lines.length === 0 ? [] : ["", "Resources:", ...lines];
}
