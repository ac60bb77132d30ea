import type { Diagnostic, OperationResult } from "../report.ts";
import { nameOf, typeOf } from "../stack/urn.ts";
import type { Op } from "../steps/step.ts";
import { outputLines } from "./diff.ts";
import { WORDS, withSeverity } from "./words.ts";

/** By resource, in the order in which the first message of each came; those of no resource are the stack's. */
export function diagnosticsSection(diagnostics: Diagnostic[], stackUrn: string): string[] {
  const lasting = diagnostics.filter(({ severity, ephemeral }) => severity !== "debug" && !ephemeral);
  if (lasting.length === 0) return [];
  const groups = Map.groupBy(lasting, ({ urn }) => urn || stackUrn);
  return [
    "Diagnostics:",
    ...[...groups].flatMap(([urn, messages]) => [
      `  ${typeOf(urn)} (${nameOf(urn)}):`,
      ...messages.flatMap((message) => withSeverity(message).split("\n")).map((line) => `    ${line}`),
      "",
    ]),
  ];
}

/** The stack's. After a failure of an update, those that the program did not register are shown as deleted. */
export function outputsSection(
  { ok, outputs, oldOutputs }: OperationResult,
  { preview, registered }: { preview: boolean; registered: boolean },
): string[] {
  if (preview && !ok) return [];
  const news = ok || registered ? outputs : {};
  const lines = outputLines({ olds: oldOutputs, news, inputs: {}, all: !preview }, "    ");
  return lines.length === 0 ? [] : ["Outputs:", ...lines, ""];
}

const COUNTED: Op[] = ["create", "update", "delete", "replace"];

/** How many resources had which outcome, and how long it took. `errored`: how many have errors. */
export function resourcesSection(
  { changes, durationMs }: OperationResult,
  { preview, errored }: { preview: boolean; errored: number },
): string[] {
  const changed = COUNTED.flatMap((op) => {
    const { sign, planned, done } = WORDS[op];
    return changes[op] ? [`    ${sign.padEnd(2)}${changes[op]} ${preview ? `to ${planned}` : done}`] : [];
  });
  const total = COUNTED.reduce((sum, op) => sum + (changes[op] ?? 0), 0);
  const rest = [
    ...(changed.length > 1 ? [`${total} changes`] : []),
    ...(changes.same ? [`${changes.same} unchanged`] : []),
  ];
  return [
    "Resources:",
    ...changed,
    ...(rest.length > 0 ? [`    ${rest.join(". ")}`] : []),
    ...(errored > 0 ? [`    ${errored} errored`] : []),
    ...(preview ? [] : ["", `Duration: ${Math.ceil(durationMs / 1000)}s`]),
  ];
}
