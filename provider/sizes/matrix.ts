import { hangingIndent, paint, type Style, type Terminal } from "../command/terminal.ts";
import type { Outcome } from "../plan/plan.ts";
import { formatVcpus, OUTCOME_WORDS } from "../plan/text.ts";
import { formatSize } from "../units/size.ts";
import { formatVmSize } from "./catalogue-args.ts";
import type { PlannedCatalogue } from "./check-catalogue.ts";
import type { Step } from "./steps.ts";
import { slotsOf } from "./walk.ts";

const STYLES: Partial<Record<Outcome, Style>> = {
  live: "green",
  nextBoot: "yellow",
  restart: "yellow",
  replace: "red",
  refuse: "red",
};

/** The steps of a catalogue: a table with a row for each size, or a list where a line is too short for that. */
export function drawSteps(checked: PlannedCatalogue, terminal: Terminal): string[] {
  const rows = tableRows(checked);
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.text.length ?? 0)),
  );
  const width = widths.reduce((sum, one) => sum + one + 2, 0);
  const drawn =
    width <= terminal.columns
      ? rows.map((row) =>
          row
            .map(({ text, style }, column) => painted(text.padEnd(widths[column] ?? 0), style, terminal))
            .join("  ")
            .trimEnd(),
        )
      : checked.steps.pairs.flatMap((step, index, all) => [
          ...(all[index - 1]?.from === step.from ? [] : [`${step.from.name} (${formatVmSize(step.from)})`]),
          ...listLine(step, terminal),
        ]);
  return [...drawn, "", ...notes(checked, terminal)];
}

interface Cell {
  text: string;
  style?: Style | undefined;
}

function tableRows({ steps, catalogue: { sizes } }: PlannedCatalogue): Cell[][] {
  const cell = (from: string, to: string): Cell => {
    const step = steps.pairs.find((one) => one.from.name === from && one.to.name === to);
    return step === undefined
      ? { text: "–" }
      : { text: shortOutcome(step), style: STYLES[step.plan.outcome] };
  };
  return [
    [{ text: "from \\ to" }, ...sizes.map(({ name }) => ({ text: name }))],
    ...sizes.map((from) => [{ text: from.name }, ...sizes.map((to) => cell(from.name, to.name))]),
  ];
}

/** "live 1/15" */
function shortOutcome({ plan, dimms, after, isPromised }: Step): string {
  const word = OUTCOME_WORDS[plan.outcome];
  if (after !== undefined) return `${word} ${dimms > 0 ? "+" : ""}${dimms}/${slotsOf(after).free}`;
  return isPromised ? `${word} !` : word;
}

function listLine({ to, plan, dimms, after, isPromised }: Step, terminal: Terminal): string[] {
  const word = OUTCOME_WORDS[plan.outcome];
  const text =
    after === undefined
      ? `${word}${isPromised ? " !" : ""}`
      : `${word}: ${describeDimms(dimms)}${slotsOf(after).free} slots left`;
  return hangingIndent("  → ", `${to.name}  ${text}`, terminal.columns).map((line) =>
    painted(line, STYLES[plan.outcome], terminal),
  );
}

function describeDimms(dimms: number): string {
  if (dimms === 0) return "";
  return `${dimms > 0 ? "+" : ""}${dimms} ${Math.abs(dimms) === 1 ? "DIMM" : "DIMMs"}, `;
}

function notes({ catalogue, sizes, steps, failures }: PlannedCatalogue, terminal: Terminal): string[] {
  const [args] = sizes.map(([, one]) => one);
  const { allowUnplug, step, ceiling } = catalogue;
  const isLive = failures.length === 0;
  const down = allowUnplug
    ? ", and so is each step down to the size that the domain was last started with"
    : "";
  const lines = [
    "live +1/15: the step adds 1 DIMM to the running domain, and 15 slots are free after it",
    ...(isLive ? [] : ["!: a step that the catalogue promises but that isn't live"]),
    `each domain: step ${formatSize(step)}, ceiling ${formatSize(ceiling)}, ${args?.memorySlots} slots, at most ${formatVcpus(args?.maxVcpus ?? 1)}`,
    ...(isLive
      ? [`each step up is live${down}; the longest path uses ${steps.slots} of ${args?.memorySlots} slots`]
      : []),
  ];
  return lines.flatMap((line) => hangingIndent("", line, terminal.columns));
}

function painted(text: string, style: Style | undefined, terminal: Terminal): string {
  return style === undefined ? text : paint(style, text, terminal);
}
