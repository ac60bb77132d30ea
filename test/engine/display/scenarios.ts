import { join } from "node:path";
import type { PreviewJson } from "./json.ts";

/** How wide the recordings' terminal is. */
export const COLUMNS = 130;

export const PROGRAM = join(import.meta.dirname, "fixtures/program");
export const PASSWORD = "hunter2";

export interface Shown {
  name: string;
  operation: "preview" | "up" | "refresh" | "destroy";
  /** The configuration from this operation on; without it, that of the operation before. */
  config?: Record<string, string>;
}

/** What was done with the real CLI, in this order, when `recorded/<view>/<name>.txt` was made. */
export const scenarios: Shown[] = [
  { name: "preview-create", operation: "preview", config: { memory: "1003MiB" } },
  { name: "up-create", operation: "up" },
  { name: "preview-live", operation: "preview", config: { memory: "1259MiB" } },
  { name: "up-live", operation: "up" },
  { name: "up-nothing", operation: "up" },
  { name: "preview-replace", operation: "preview", config: { memory: "1300MiB" } },
  // A refresh configures the provider as the last update did.
  { name: "up-replace", operation: "up", config: { drift: "shut off" } },
  { name: "preview-check-fails", operation: "preview", config: { memory: "0MiB" } },
  { name: "up-fails", operation: "up", config: { memory: "5396MiB" } },
  { name: "refresh", operation: "refresh", config: { memory: "1300MiB" } },
  { name: "destroy", operation: "destroy" },
];

/** Where there is no terminal, with `--diff`, and on a terminal. */
export const VIEWS = ["plain", "diff", "terminal"] as const;
export type View = (typeof VIEWS)[number];

export function recordingFile(view: View, name: string): string {
  return join(import.meta.dirname, "recorded", view, `${name}.txt`);
}

export function jsonFile(name: string): string {
  return join(import.meta.dirname, "recorded", "json", `${name}.json`);
}

/** Of a preview's JSON what can be compared: the CLI's has more of each state, and the differences. */
export function comparableJson(json: unknown): object {
  const { config, steps, diagnostics, changeSummary } = json as PreviewJson;
  return {
    config,
    steps: steps.map(({ op, urn, oldState, newState, replaceReasons }) => ({
      ...{ op, urn, replaceReasons },
      ...{ old: inputsOf(oldState), new: inputsOf(newState) },
    })),
    diagnostics,
    changeSummary,
  };
}

function inputsOf(state: object | undefined): unknown {
  return state && "inputs" in state ? state.inputs : undefined;
}

/** Without what differs from run to run: times, some orders, ends of lines, and the dots of the CLI's progress. */
export function steady(shown: string): string {
  const lines = shown
    .replaceAll(/\((\d+|\d+\.\d+)s\)/g, "(0s)")
    // The CLI leaves its own marks of colours in one place.
    .replaceAll(/<\{%.*?%\}>/g, "")
    .replaceAll(/^Duration: .*$/gm, "Duration: 0s")
    // After destroy the CLI explains how to remove the stack itself.
    .replace(/^The resources in the stack have been deleted[\s\S]*/m, "")
    .split("\n")
    .filter((line) => !/^(@ .*|\.+)$/.test(line))
    // How wide a column is depends on the times in it.
    .map((line) => line.replace(/(Status| \(0s\)) {2,}/, "$1  ").trimEnd());
  // Where the CLI shows dots, it begins a line for them below the title.
  const text = lines.join("\n").replace(/^(.*\(dev\):\n)\n+/, "$1");
  return `${inOrder(text).trim()}\n`;
}

/** In the CLI's output, the rows of what had not ended and the diagnostics come in any order of their resources. */
function inOrder(text: string): string {
  const groups = /(?<=^Diagnostics:\n)(?: {2}.*\n| *\n)+/m;
  return text
    .replace(/^( {4}pulumi:pulumi:Stack .*\n)(.* \d errors?\n)(?=Diagnostics:)/m, "$2$1")
    .replace(groups, (found) => `${found.trimEnd().split("\n\n").sort().join("\n\n")}\n\n`);
}
