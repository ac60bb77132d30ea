import { hangingIndent, paint, type Style, type Terminal, wrap } from "../command/terminal.ts";
import type { Graphics } from "../domain/graphics.ts";
import { foreignText } from "../foreign-text.ts";
import { formatRanges } from "../plan/live-sizes/text.ts";
import type { Outcome } from "../plan/plan.ts";
import { formatSlots, NEXT_BOOT, OUTCOME_WORDS } from "../plan/text.ts";
import type { Kib } from "../units/kib.ts";
import { formatMib, formatSize } from "../units/size.ts";
import { drawBar } from "./bar.ts";
import { describeDisk } from "./disks.ts";
import type { Explanation } from "./explanation.ts";
import { describeInterface } from "./interfaces.ts";
import { FREE, type LegendEntry, legendOf, pieces } from "./legend.ts";
import type { MemoryMap } from "./memory-map.ts";
import type { ExplainedPlan } from "./plan.ts";
import { drawTable } from "./table.ts";
import { describeReasons, describeVcpus } from "./vcpus.ts";

/** The width of the column of labels. */
const LABEL = 11;

const OUTCOME_STYLES: Readonly<Partial<Record<Outcome, Style>>> = {
  live: "green",
  restart: "yellow",
  replace: "red",
  refuse: "red",
};

/** An explanation as text for a terminal: the domain, the map of its memory, the sizes that it can have, and the plan. */
export function draw(given: Explanation, terminal: Terminal): string {
  const explanation = printable(given);
  const legend = legendOf(explanation);
  const sections = [
    drawHead(explanation, terminal),
    [...drawBars(explanation, legend, terminal), ...drawTable(explanation, legend, terminal)],
    drawFacts(explanation, terminal),
    ...(explanation.plan ? [drawPlan(explanation.plan, terminal)] : []),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** A copy whose texts a terminal shows as they are: names and owners are the domain's, whoever created it. */
function printable<T>(value: T): T {
  if (typeof value === "string") return foreignText(value) as T;
  if (Array.isArray(value)) return value.map(printable) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, printable(field)])) as T;
}

function drawHead(explanation: Explanation, terminal: Terminal): string[] {
  const { uri, name, uuid, state, persistent, arch, machine, owner } = explanation;
  const kind = [state === "shutoff" ? "off" : state, ...(persistent ? [] : ["transient"]), arch, machine];
  const manager =
    owner === undefined
      ? "not managed by this provider"
      : `${owner.adopted ? "adopted" : "created"} by this provider as ${owner.urn}`;
  return [
    `${paint("bold", name, terminal)}: ${kind.filter((word) => word !== undefined).join(", ")}`,
    ...wrap(`${uuid} on ${uri}`, terminal.columns),
    ...wrap(manager, terminal.columns),
  ];
}

/** The running domain and its definition, one below the other on one scale. */
function drawBars({ live, nextBoot }: Explanation, legend: LegendEntry[], terminal: Terminal): string[] {
  const columns = terminal.columns - LABEL;
  const maps = [live, nextBoot].filter((map) => map !== undefined);
  const scale = Math.max(...maps.map(ceilingOf));
  const bar = (label: string, map: MemoryMap) => {
    const shown = drawBar(
      pieces(map, legend),
      ceilingOf(map),
      Math.max(1, Math.round((ceilingOf(map) / scale) * columns)),
    );
    const colored = shown.map(({ key, text }) => paint(styleOf(key, legend), text, terminal)).join("");
    return label.padEnd(LABEL) + colored;
  };
  return [
    ...(live ? [bar("now", live)] : []),
    ...(nextBoot ? [bar("next boot", nextBoot)] : []),
    `${"0".padStart(LABEL + 1)}${formatSize(scale).padStart(columns - 1)}`,
  ];
}

function styleOf(key: string, legend: LegendEntry[]): Style {
  if (key === FREE) return "dim";
  const entry = legend.find((one) => one.key === key);
  if (entry === undefined) return "cyan";
  return entry.device.misaligned ? "yellow" : entry.device.ours ? "green" : "blue";
}

/** The memory that the domain could have: its maximum, where it has one. */
export function ceilingOf({ maxMemory, memory }: MemoryMap): Kib {
  return Math.max(maxMemory?.size ?? 0, memory);
}

function drawFacts(explanation: Explanation, terminal: Terminal): string[] {
  const { live, nextBoot, pending } = explanation;
  const now = live && describeMap(live);
  const then = nextBoot ? describeMap(nextBoot) : "nothing: the domain is transient";
  const facts: [label: string, text: string | undefined][] = [
    ["now", now],
    [
      "balloon",
      live && live.currentMemory !== live.memory
        ? `${formatMib(live.currentMemory)} (currentMemory)`
        : undefined,
    ],
    ["guest", describeGuest(explanation)],
    ["next boot", then === now ? "the same" : then],
    ["vCPUs", describeVcpus(explanation.vcpus)],
    ["pending", pending === undefined ? undefined : `${formatMib(pending)} ${NEXT_BOOT}`],
    ...describeReachable(explanation),
    ...describeDevices(explanation),
  ];
  return facts.flatMap(([label, text]) =>
    text === undefined ? [] : hangingIndent(label.padEnd(LABEL), text, terminal.columns),
  );
}

/** The memory that the guest has; undefined without a guest agent that could report it. */
function describeGuest({ guest, agentConnected, agentError, state, live }: Explanation): string | undefined {
  if (!agentConnected) return undefined;
  if (state === "paused") return "unknown: the domain is paused, so the guest agent can't answer";
  if (guest === undefined)
    return `unknown: the guest agent is connected but doesn't report memory blocks${agentError === undefined ? "" : ` (${agentError})`}`;
  const { block, online, offline } = guest;
  const whole = online.length * block;
  const memory = Math.min(whole, live?.memory ?? whole);
  const partly = memory < whole ? ", some of them partly filled" : "";
  const unused = offline.length === 0 ? "" : `; ${offline.length} offline, which the guest doesn't use`;
  return `${formatMib(memory)}, reported by the guest agent: ${online.length} memory blocks of ${formatMib(block)} online${partly}${unused}`;
}

function describeReachable({ live, reachable }: Explanation): [label: string, text: string][] {
  const { up, reasons, down, reasonsDown } = reachable;
  if (live === undefined) return [["live", describeReasons(reasons)]];
  return [
    ["live up", up ? formatRanges([up]) : `no size: ${describeReasons(reasons)}`],
    ["live down", down.length > 0 ? formatRanges(down) : `no size: ${describeReasons(reasonsDown)}`],
  ];
}

/** A line for each device; only the first one of a kind has the label. */
function describeDevices(explanation: Explanation): [label: string, text: string | undefined][] {
  const { live, nextBoot, disks, interfaces, graphics } = explanation;
  const areBoth = live !== undefined && nextBoot !== undefined;
  const labelled = (label: string, lines: string[]) =>
    lines.map((line, index): [string, string] => [index === 0 ? label : "", line]);
  return [
    ...labelled(
      "disks",
      disks.map((disk) => describeDisk(disk, areBoth)),
    ),
    ...labelled(
      "interfaces",
      interfaces.map((card) => describeInterface(card, areBoth)),
    ),
    ["ports", live?.freePorts === undefined ? undefined : describePorts(live.freePorts)],
    ...labelled("graphics", graphics.map(describeGraphics)),
  ];
}

/** "vnc on 127.0.0.1, port 5900" */
function describeGraphics({ type, listen, port }: Graphics): string {
  return `${type}${listen === undefined ? "" : ` on ${listen}`}${port === undefined ? "" : `, port ${port}`}`;
}

function describePorts(free: number): string {
  return `${free === 0 ? "none" : free} free for disks and network interfaces`;
}

/** "1651 MiB of at most 8 GiB in 16 slots" */
function describeMap({ memory, maxMemory, cells, baseMemory, devices }: MemoryMap): string {
  const base =
    cells.length > 1
      ? cells.map((cell) => `${formatMib(cell.memory)} in node ${cell.id}`).join(", ")
      : formatMib(baseMemory);
  const plugged = devices.length === 0 ? "" : ` and ${formatMib(memory - baseMemory)} in memory devices`;
  const maximum = maxMemory
    ? ` of at most ${formatSize(maxMemory.size)} in ${formatSlots(maxMemory.slots ?? 0)}`
    : ", no maxMemory: it can't grow while the domain runs";
  const parts = cells.length > 1 || devices.length > 0 ? `: base ${base}${plugged}` : "";
  return `${formatMib(memory)}${maximum}${parts}`;
}

function drawPlan(
  { memory, outcome, headline, details, steps, notes }: ExplainedPlan,
  terminal: Terminal,
): string[] {
  const style = OUTCOME_STYLES[outcome];
  const { columns } = terminal;
  const lines = hangingIndent("  ", headline || OUTCOME_WORDS[outcome], columns);
  return [
    paint("bold", `plan for ${formatMib(memory)}`, terminal),
    ...lines.map((line) => (style === undefined ? line : paint(style, line, terminal))),
    ...details.flatMap((detail) => hangingIndent("  - ", detail, columns)),
    ...steps.flatMap(({ sentence }, index) => hangingIndent(`  ${index + 1}. `, sentence, columns)),
    ...notes.flatMap((note) => hangingIndent("  Note: ", note, columns)),
  ];
}
