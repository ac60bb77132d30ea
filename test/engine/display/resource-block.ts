import { typeOf } from "../stack/urn.ts";
import type { StepInfo } from "../steps/step.ts";
import { differenceLines, propertyLines } from "./diff.ts";
import { WORDS } from "./words.ts";

/** A resource with its properties, as `--diff` shows it. `outputs`: of a resource that was read. */
export function resourceBlock(step: StepInfo, o: { outputs: boolean }): string[] {
  const { op, urn, old, new: now, replaceReasons = [] } = step;
  // A replacement is shown once, as a whole.
  if (op === "same" || op === "create-replacement" || op === "delete-replaced") return [];
  const id = old?.id || now?.id;
  const head = [
    `    ${WORDS[op].sign.padEnd(2)}${typeOf(urn)}: (${op})`,
    ...(id ? [`        [id=${id}]`] : []),
    `        [urn=${urn}]`,
  ];
  const side = o.outputs || op === "refresh" ? "outputs" : "inputs";
  if (old && now) {
    return [...head, ...differenceLines(old[side], now[side], { indent: "      ", replaceReasons })];
  }
  const only = now ?? old;
  return only ? [...head, ...propertyLines(only.inputs, "        ")] : head;
}
