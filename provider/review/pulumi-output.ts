import { InputError } from "../command/command.ts";
import { isRecord } from "../is-record.ts";
import type { Properties } from "./properties.ts";

/** What the engine does to one resource. */
export interface ResourceStep {
  op: string;
  urn: string;
  type: string;
  old?: ResourceState;
  new?: ResourceState;
  /** The arguments that differ. */
  differs: string[];
  /** Why the step failed, or that it did. */
  failed?: true;
  /** Of an update: the step is over. */
  done?: true;
}

export interface ResourceState {
  inputs: Properties;
  outputs?: Properties;
  /** The reference to its provider. */
  provider?: string;
  /** Where the program creates the resource. */
  positions: string[];
  /** The resource option `retainOnDelete`: the engine deletes nothing but the resource. */
  isRetained: boolean;
  /** An earlier run replaced it, and ended before it deleted it. */
  isLeftOver: boolean;
}

/** A message about a resource, or about the whole run. */
export interface Diagnostic {
  urn?: string;
  severity: string;
  message: string;
}

/** What the CLI wrote about a preview or an update. */
export interface PulumiOutput {
  /** Names the input in errors. */
  what: string;
  kind: "preview" | "update";
  config: Properties;
  steps: ResourceStep[];
  diagnostics: Diagnostic[];
}

const EXPECTED = "expected the output of pulumi preview --json, or of pulumi up --json for --after";

/**
 * Reads the document of `pulumi preview --json`, or the event log of `pulumi up --json` or of a streamed preview. `pulumi up`
 * writes its own preview before the log, unless `--skip-preview` is set: the log counts.
 *
 * @param what names the input in errors
 * @throws InputError
 */
export function parseOutput(text: string, what: string): PulumiOutput {
  const start = /^\s*/.exec(text)?.[0].length ?? 0;
  if (text[start] !== "{")
    throw new InputError(
      `${what} is not JSON: it begins with ${quoted(text.slice(start))}; run pulumi preview --json, and redirect only its standard output`,
    );
  // A log has an event in each line; a document is spread over many, or is the only line.
  const [first = ""] = text.slice(start).split("\n", 1);
  const log = isEvent(parsed(first)) ? start : logAfterDocument(text);
  if (log !== undefined) return parseLog(text, log, what);
  const document = parsed(text) ?? notJson(text, what);
  if (!isRecord(document)) throw new InputError(`${what} is not an object; ${EXPECTED}`);
  return parseDocument(document, what);
}

/** Where a log begins after a document, whose lines are indented and whose texts have no line ends. */
function logAfterDocument(text: string): number | undefined {
  const end = /^\}\r?\n(?=\{"sequence":)/m.exec(text);
  return end === null ? undefined : end.index + end[0].length;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notJson(text: string, what: string): never {
  const end = text.trimEnd();
  if (!end.endsWith("}"))
    throw new InputError(
      `${what} ends in the middle of the JSON (${quoted(end.slice(-QUOTED))}); run pulumi preview --json again, and wait for its end`,
    );
  throw new InputError(`${what} is not JSON: ${jsonError(text)}; ${EXPECTED}`);
}

function jsonError(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    const place = /at position \d+(?: \(line \d+ column \d+\))?|at line \d+/.exec(String(error))?.[0];
    return place === undefined ? "it can't be parsed" : `it can't be parsed ${place}`;
  }
}

const QUOTED = 40;

function quoted(text: string): string {
  const [line = ""] = text.slice(0, QUOTED).split(/[\r\n]/, 1);
  return JSON.stringify(line);
}

/** What other tools write, by a field that only they have. */
const OTHER_TOOLS: [field: string, tool: string][] = [
  ["resource_changes", "terraform show -json"],
  ["planned_values", "terraform show -json"],
  ["terraform_version", "Terraform"],
  ["Changes", "AWS CloudFormation"],
  ["deployment", "pulumi stack export, which has no plan"],
];

function parseDocument(document: Properties, what: string): PulumiOutput {
  const other = OTHER_TOOLS.find(([field]) => Object.hasOwn(document, field));
  if (other !== undefined) throw new InputError(`${what} is the output of ${other[1]}; ${EXPECTED}`);
  if (Object.hasOwn(document, "resourcePlans"))
    throw new InputError(`${what} is a plan of pulumi preview --save-plan, which has no state; ${EXPECTED}`);
  const { steps, config, diagnostics, changeSummary } = document;
  if (!Array.isArray(steps)) {
    // A preview that fails at once may have no step.
    if (!Array.isArray(diagnostics) && !isRecord(changeSummary))
      throw new InputError(`${what} has no "steps"; ${EXPECTED}`);
    return outputOf(what, "preview", [], config, diagnostics);
  }
  const read = steps.map((step, index) => documentStep(step, `${what}: steps[${index}]`));
  return outputOf(what, "preview", read, config, diagnostics);
}

function outputOf(
  what: string,
  kind: PulumiOutput["kind"],
  steps: ResourceStep[],
  config: unknown,
  diagnostics: unknown,
): PulumiOutput {
  return {
    what,
    kind,
    steps,
    config: isRecord(config) ? config : {},
    diagnostics: (Array.isArray(diagnostics) ? diagnostics : []).filter(isRecord).flatMap(diagnosticOf),
  };
}

function documentStep(step: unknown, what: string): ResourceStep {
  if (!isRecord(step)) throw new InputError(`${what} is not an object; ${EXPECTED}`);
  const { op, urn, oldState, newState, diffReasons, replaceReasons, detailedDiff } = step;
  if (typeof op !== "string" || typeof urn !== "string")
    throw new InputError(`${what} has no "op" and "urn"; ${EXPECTED}`);
  return stepOf({
    op,
    urn,
    old: oldState,
    now: newState,
    differs: [diffReasons, replaceReasons, detailedDiff],
  });
}

interface RawStep {
  op: string;
  urn: string;
  type?: unknown;
  old: unknown;
  now: unknown;
  /** Lists of names, or objects by path. */
  differs: unknown[];
}

function stepOf({ op, urn, type, old, now, differs }: RawStep): ResourceStep {
  const before = stateOf(old);
  const after = stateOf(now);
  const names = differs.flatMap((one) =>
    Array.isArray(one)
      ? one.filter((name) => typeof name === "string")
      : isRecord(one)
        ? Object.keys(one)
        : [],
  );
  return {
    op,
    urn,
    type: typeof type === "string" ? type : typeIn(urn),
    differs: [...new Set(names.map((path) => /^[^.[]*/.exec(path)?.[0] ?? ""))],
    ...(before && { old: before }),
    ...(after && { new: after }),
  };
}

/** The last type of a URN, whose name may have "::" in it. */
export function typeIn(urn: string): string {
  return urn.split("::", 3)[2]?.split("$").at(-1) ?? "";
}

/** The resource's name in the program. */
export function nameIn(urn: string): string {
  return urn.split("::").slice(3).join("::") || urn;
}

function stateOf(state: unknown): ResourceState | undefined {
  if (!isRecord(state)) return undefined;
  const { inputs, outputs, provider, sourcePosition, stackTrace, retainOnDelete, delete: isLeftOver } = state;
  const frames = Array.isArray(stackTrace) ? stackTrace.filter(isRecord) : [];
  const positions = [sourcePosition, ...frames.map((frame) => frame.sourcePosition)];
  return {
    inputs: isRecord(inputs) ? inputs : {},
    ...(isRecord(outputs) && { outputs }),
    ...(typeof provider === "string" && { provider }),
    positions: positions.filter((position) => typeof position === "string"),
    isRetained: retainOnDelete === true,
    isLeftOver: isLeftOver === true,
  };
}

function diagnosticOf({ urn, severity, message, ephemeral }: Properties): Diagnostic[] {
  if (typeof message !== "string" || typeof severity !== "string" || ephemeral === true) return [];
  return [{ severity, message, ...(typeof urn === "string" && urn !== "" && { urn }) }];
}

const EVENTS = [
  "preludeEvent",
  "summaryEvent",
  "resourcePreEvent",
  "resOutputsEvent",
  "resOpFailedEvent",
  "diagnosticEvent",
  "stdoutEvent",
  "cancelEvent",
  "policyEvent",
  "progressEvent",
  "policyLoadEvent",
  "startDebuggingEvent",
  "errorEvent",
] as const;

function isEvent(value: unknown): value is Properties {
  return (
    isRecord(value) && typeof value.sequence === "number" && EVENTS.some((name) => Object.hasOwn(value, name))
  );
}

/** What the engine logs for itself is most of a log. Properties of a resource may have the same severity. */
function isDebugMessage(line: string): boolean {
  return line.includes('"severity":"debug"') && /^\{(?:"\w+":\d+,)*"diagnosticEvent":/.test(line);
}

/**
 * The log has an event in each line. A streamed preview and its update are two runs, of which the last one counts.
 *
 * @param start where the log begins in the text
 */
function parseLog(text: string, start: number, what: string): PulumiOutput {
  let diagnostics: unknown[] = [];
  const steps = new Map<string, ResourceStep>();
  let config: unknown;
  let summary: Properties | undefined;
  let number = text.slice(0, start).split("\n").length - 1;
  for (const line of text.slice(start).split("\n")) {
    number += 1;
    if (line.trim() === "" || isDebugMessage(line)) continue;
    const event = parsed(line);
    if (!isRecord(event))
      throw new InputError(
        `${what} is cut off or not JSON in line ${number} (${quoted(line)}); write the whole output of pulumi up --json to it`,
      );
    const { preludeEvent, summaryEvent, diagnosticEvent } = event;
    if (isRecord(preludeEvent)) {
      // A run begins.
      config = preludeEvent.config;
      summary = undefined;
      diagnostics = [];
      steps.clear();
    }
    if (isRecord(summaryEvent)) summary = summaryEvent;
    if (isRecord(diagnosticEvent)) diagnostics.push(diagnosticEvent);
    for (const name of ["resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"] as const)
      addStep(steps, name, event[name]);
  }
  if (summary === undefined)
    throw new InputError(
      `${what} has no summary: the log ends before the run does; wait for the end of pulumi up --json, or of the preview`,
    );
  const kind = summary.isPreview === true ? "preview" : "update";
  return outputOf(what, kind, [...steps.values()], config, diagnostics);
}

function addStep(
  steps: Map<string, ResourceStep>,
  name: "resourcePreEvent" | "resOutputsEvent" | "resOpFailedEvent",
  event: unknown,
): void {
  if (!isRecord(event) || !isRecord(event.metadata)) return;
  const { op, urn, type, old, new: now, diffs, keys, detailedDiff } = event.metadata;
  if (typeof op !== "string" || typeof urn !== "string") return;
  const key = `${op}\0${urn}`;
  const known = steps.get(key);
  const step = stepOf({ op, urn, type, old, now, differs: [diffs, keys, detailedDiff] });
  steps.set(key, {
    ...known,
    ...step,
    // What was planned from: the later event has the same.
    ...(known?.old && { old: known.old }),
    ...(name === "resOpFailedEvent" && { failed: true as const }),
    ...(name === "resOutputsEvent" && { done: true as const }),
  });
}
