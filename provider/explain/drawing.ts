import { formatRanges } from "../plan/live-sizes/text.ts";
import type { Outcome } from "../plan/plan.ts";
import { NEXT_BOOT } from "../plan/text.ts";
import type { Kib } from "../units/kib.ts";
import { formatMib, formatSize } from "../units/size.ts";
import { drawBar } from "./bar.ts";
import type { ExplainedPlan, Explanation, MemoryMap } from "./explanation.ts";
import { FREE, type LegendEntry, legendOf, pieces } from "./legend.ts";
import { drawTable } from "./table.ts";
import { hangingIndent, paint, type Style, type Terminal, wrap } from "./terminal.ts";

/** Labels stand in a column of this many characters. */
const LABEL = 11;

const OUTCOME_INK: Readonly<Partial<Record<Outcome, Style>>> = {
  live: "green",
  restart: "yellow",
  replace: "red",
  refuse: "red",
};

/** An explanation as a person reads it in a terminal: whose domain it is, its map, what it can be, and the plan. */
export function draw(explanation: Explanation, paper: Terminal): string {
  const parts = legendOf(explanation);
  const sections = [
    drawHead(explanation, paper),
    [...drawBars(explanation, parts, paper), ...drawTable(explanation, parts, paper)],
    drawFacts(explanation, paper),
    ...(explanation.plan ? [drawPlan(explanation.plan, paper)] : []),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function drawHead(explanation: Explanation, paper: Terminal): string[] {
  const { uri, name, uuid, state, persistent, arch, machine, owner } = explanation;
  const what = [state === "shutoff" ? "off" : state, ...(persistent ? [] : ["transient"]), arch, machine];
  const whose =
    owner === undefined
      ? "not this provider's"
      : `${owner.adopted ? "adopted" : "made"} by this provider as ${owner.urn}`;
  return [
    `${paint("bold", name, paper)}: ${what.filter((word) => word !== undefined).join(", ")}`,
    ...wrap(`${uuid} on ${uri}`, paper.columns),
    ...wrap(whose, paper.columns),
  ];
}

/** The running domain and its definition, one below the other on one scale. */
function drawBars({ live, nextBoot }: Explanation, parts: LegendEntry[], paper: Terminal): string[] {
  const columns = paper.columns - LABEL;
  const maps = [live, nextBoot].filter((map) => map !== undefined);
  const scale = Math.max(...maps.map(ceilingOf));
  const bar = (label: string, map: MemoryMap) => {
    const shown = drawBar(
      pieces(map, parts),
      ceilingOf(map),
      Math.max(1, Math.round((ceilingOf(map) / scale) * columns)),
    );
    const colored = shown.map(({ key, text }) => paint(inkOf(key, parts), text, paper)).join("");
    return label.padEnd(LABEL) + colored;
  };
  return [
    ...(live ? [bar("now", live)] : []),
    ...(nextBoot ? [bar("next boot", nextBoot)] : []),
    `${"0".padStart(LABEL + 1)}${formatSize(scale).padStart(columns - 1)}`,
  ];
}

function inkOf(key: string, parts: LegendEntry[]): Style {
  if (key === FREE) return "dim";
  const part = parts.find((one) => one.key === key);
  if (part === undefined) return "cyan";
  return part.device.misaligned ? "yellow" : part.device.ours ? "green" : "blue";
}

function ceilingOf({ maxMemory, memory }: MemoryMap): Kib {
  return Math.max(maxMemory?.size ?? 0, memory);
}

function drawFacts(explanation: Explanation, paper: Terminal): string[] {
  const { live, nextBoot, pending } = explanation;
  const now = live && saysMap(live);
  const then = nextBoot ? saysMap(nextBoot) : "none: the domain is transient";
  const facts: [label: string, text: string | undefined][] = [
    ["now", now],
    [
      "balloon",
      live && live.currentMemory !== live.memory
        ? `${formatMib(live.currentMemory)} (currentMemory)`
        : undefined,
    ],
    ["guest", saysGuest(explanation)],
    ["next boot", then === now ? "the same" : then],
    ["pending", pending === undefined ? undefined : `${formatMib(pending)} ${NEXT_BOOT}`],
    ...saysReachable(explanation),
  ];
  return facts.flatMap(([label, text]) =>
    text === undefined ? [] : hangingIndent(label.padEnd(LABEL), text, paper),
  );
}

/** What the guest sees of it; undefined without an agent that could say so. */
function saysGuest({ guest, agentConnected, state, live }: Explanation): string | undefined {
  if (!agentConnected) return undefined;
  if (state === "paused") return "paused, so it can't say what it has";
  if (guest === undefined) return "its agent is connected and doesn't say what it has";
  const { block, online, offline } = guest;
  const idle = offline.length === 0 ? "" : `; ${offline.length} offline, which it doesn't use`;
  const whole = online.length * block;
  const memory = Math.min(whole, live?.memory ?? whole);
  const partly = memory < whole ? ", not all of them full" : "";
  return `${formatMib(memory)} by its agent: ${online.length} memory blocks of ${formatMib(block)} online${partly}${idle}`;
}

function saysReachable({ live, reachable }: Explanation): [label: string, text: string][] {
  const { up, reasons, down, reasonsDown } = reachable;
  if (live === undefined) return [["live", reasons.join("; ")]];
  return [
    ["live up", up ? formatRanges([up]) : `no size: ${reasons.join("; ")}`],
    ["live down", down.length > 0 ? formatRanges(down) : `no size: ${reasonsDown.join("; ")}`],
  ];
}

/** «1651 MiB of at most 8 GiB in 16 slots» */
function saysMap({ memory, maxMemory, cells, baseMemory, devices }: MemoryMap): string {
  const base =
    cells.length > 1
      ? cells.map((cell) => `${formatMib(cell.memory)} in node ${cell.id}`).join(", ")
      : formatMib(baseMemory);
  const plugged = devices.length === 0 ? "" : ` and ${formatMib(memory - baseMemory)} in memory devices`;
  const room = maxMemory
    ? `of at most ${formatSize(maxMemory.size)} in ${maxMemory.slots ?? 0} slots`
    : "without maxMemory, so without room to grow while it runs";
  const parts = cells.length > 1 || devices.length > 0 ? `: base ${base}${plugged}` : "";
  return `${formatMib(memory)} ${room}${parts}`;
}

function drawPlan(
  { memory, outcome, headline, details, steps, notes }: ExplainedPlan,
  paper: Terminal,
): string[] {
  const ink = OUTCOME_INK[outcome];
  const word = ink === undefined ? outcome : paint(ink, outcome, paper);
  return [
    `${paint("bold", `plan for ${formatMib(memory)}`, paper)}: ${word}`,
    ...hangingIndent("  ", headline || `${formatSize(memory)}: nothing to do`, paper),
    ...details.flatMap((detail) => hangingIndent("  ", detail, paper)),
    ...steps.flatMap(({ sentence }, index) => hangingIndent(`  ${index + 1}. `, sentence, paper)),
    ...notes.flatMap((note) => hangingIndent("  Note: ", note, paper)),
  ];
}
