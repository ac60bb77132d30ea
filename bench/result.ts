import type { Samples } from "./rounds.ts";

/** What one comparison came to. */
export interface Result {
  readonly title: string;
  readonly unit: "ms" | "calls/s" | "MiB" | "bytes";
  /** The rows that the others are set beside. */
  readonly beside: readonly string[];
  readonly rows: readonly Row[];
}

export interface Row {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** By the name of the other row: the median of the quotients, round by round. */
  readonly ratios: Readonly<Record<string, number>>;
  readonly samples: readonly number[];
}

export function result(
  { title, unit, beside }: Pick<Result, "title" | "unit" | "beside">,
  samples: Samples,
): Result {
  const rows = [...samples].map(([name, values]) => ({
    name,
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    ratios: Object.fromEntries(
      beside.map((other) => [other, median(quotients(values, samples.get(other) ?? []))]),
    ),
    samples: values,
  }));
  return { title, unit, beside, rows };
}

/** A table for people, 100 columns wide. */
export function table({ title, unit, beside, rows }: Result): string {
  const head = [unit, "median", "min", "max", ...beside.map((_, index) => `÷ ${mark(index)}`)];
  const lines = rows.map(({ name, median, min, max, ratios }) => {
    const index = beside.indexOf(name);
    return [
      index < 0 ? name : `${name} (${mark(index)})`,
      ...[median, min, max].map(figure),
      ...beside.map((other) => figure(ratios[other] ?? Number.NaN)),
    ];
  });
  const width = Math.max(...lines.map(([name = ""]) => name.length), unit.length);
  const say = ([name = "", ...figures]: string[]) =>
    `  ${name.padEnd(width)}${figures.map((text) => text.padStart(9)).join("")}`;
  const count = rows[0]?.samples.length ?? 0;
  const counted = unit === "bytes" ? "entries" : "rounds";
  return [`${title} (${count} ${counted})`, say(head), ...lines.map(say)].join("\n");
}

function mark(index: number): string {
  return String.fromCharCode("a".charCodeAt(0) + index);
}

/** Three digits say all that a measurement on a shared machine is worth. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function quotients(values: readonly number[], others: readonly number[]): number[] {
  return values.map((value, round) => value / (others[round] ?? Number.NaN));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
