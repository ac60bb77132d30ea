import { sayMib, saySize } from "../args/size.ts";
import type { Kib } from "../domain/state.ts";
import { sayRanges } from "../plan/dimms/shrink-words.ts";
import type { Outcome } from "../plan/plan.ts";
import { NEXT_BOOT } from "../plan/words.ts";
import { drawBar } from "./bar.ts";
import type { ExplainedPlan, Explanation, MemoryMap } from "./explanation.ts";
import { hang, type Ink, type Paper, paint, wrap } from "./paper.ts";
import { FREE, type Part, partsOf, pieces } from "./parts.ts";
import { drawTable } from "./table.ts";

/** Labels stand in a column of this many characters. */
const LABEL = 11;

const OUTCOME_INK: Readonly<Partial<Record<Outcome, Ink>>> = {
  live: "green",
  restart: "yellow",
  replace: "red",
  refuse: "red",
};

/** An explanation as a person reads it in a terminal: whose domain it is, its map, what it can be, and the plan. */
export function draw(explanation: Explanation, paper: Paper): string {
  const parts = partsOf(explanation);
  const sections = [
    drawHead(explanation, paper),
    [...drawBars(explanation, parts, paper), ...drawTable(explanation, parts, paper)],
    drawFacts(explanation, paper),
    ...(explanation.plan ? [drawPlan(explanation.plan, paper)] : []),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function drawHead(explanation: Explanation, paper: Paper): string[] {
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
function drawBars({ live, nextBoot }: Explanation, parts: Part[], paper: Paper): string[] {
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
    `${"0".padStart(LABEL + 1)}${saySize(scale).padStart(columns - 1)}`,
  ];
}

function inkOf(key: string, parts: Part[]): Ink {
  if (key === FREE) return "dim";
  const part = parts.find((one) => one.key === key);
  if (part === undefined) return "cyan";
  return part.device.misaligned ? "yellow" : part.device.ours ? "green" : "blue";
}

function ceilingOf({ maxMemory, memory }: MemoryMap): Kib {
  return Math.max(maxMemory?.size ?? 0, memory);
}

function drawFacts(explanation: Explanation, paper: Paper): string[] {
  const { live, nextBoot, pending } = explanation;
  const now = live && saysMap(live);
  const then = nextBoot ? saysMap(nextBoot) : "none: the domain is transient";
  const facts: [label: string, text: string | undefined][] = [
    ["now", now],
    [
      "balloon",
      live && live.currentMemory !== live.memory
        ? `${sayMib(live.currentMemory)} (currentMemory)`
        : undefined,
    ],
    ["guest", saysGuest(explanation)],
    ["next boot", then === now ? "the same" : then],
    ["pending", pending === undefined ? undefined : `${sayMib(pending)} ${NEXT_BOOT}`],
    ...saysReachable(explanation),
  ];
  return facts.flatMap(([label, text]) => (text === undefined ? [] : hang(label.padEnd(LABEL), text, paper)));
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
  return `${sayMib(memory)} by its agent: ${online.length} memory blocks of ${sayMib(block)} online${partly}${idle}`;
}

function saysReachable({ live, reachable }: Explanation): [label: string, text: string][] {
  const { up, reasons, down, reasonsDown } = reachable;
  if (live === undefined) return [["live", reasons.join("; ")]];
  return [
    ["live up", up ? sayRanges([up]) : `no size: ${reasons.join("; ")}`],
    ["live down", down.length > 0 ? sayRanges(down) : `no size: ${reasonsDown.join("; ")}`],
  ];
}

/** «1651 MiB of at most 8 GiB in 16 slots» */
function saysMap({ memory, maxMemory, cells, baseMemory, devices }: MemoryMap): string {
  const base =
    cells.length > 1
      ? cells.map((cell) => `${sayMib(cell.memory)} in node ${cell.id}`).join(", ")
      : sayMib(baseMemory);
  const plugged = devices.length === 0 ? "" : ` and ${sayMib(memory - baseMemory)} in memory devices`;
  const room = maxMemory
    ? `of at most ${saySize(maxMemory.size)} in ${maxMemory.slots ?? 0} slots`
    : "without maxMemory, so without room to grow while it runs";
  const parts = cells.length > 1 || devices.length > 0 ? `: base ${base}${plugged}` : "";
  return `${sayMib(memory)} ${room}${parts}`;
}

function drawPlan({ memory, outcome, summary, steps, notes }: ExplainedPlan, paper: Paper): string[] {
  const ink = OUTCOME_INK[outcome];
  const word = ink === undefined ? outcome : paint(ink, outcome, paper);
  return [
    `${paint("bold", `plan for ${sayMib(memory)}`, paper)}: ${word}`,
    ...hang("  ", summary || `${saySize(memory)}: nothing to do`, paper),
    ...steps.flatMap(({ sentence }, index) => hang(`  ${index + 1}. `, sentence, paper)),
    ...notes.flatMap((note) => hang("  Note: ", note, paper)),
  ];
}
