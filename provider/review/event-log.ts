import { InputError } from "../command/command.ts";
import { isRecord } from "../is-record.ts";
import { parsed, quotedStart } from "./json-text.ts";
import { parseDocument } from "./preview-document.ts";
import type { Properties } from "./properties.ts";
import { outputOf, type PulumiOutput, type ResourceStep, refreshed, stepOf } from "./pulumi-output.ts";

/** Where a log begins after a document, whose lines are indented and whose texts have no line ends. */
export function logAfterDocument(text: string): number | undefined {
  const end = /^\}\r?\n(?=\{"sequence":)/m.exec(text);
  return end === null ? undefined : end.index + end[0].length;
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

export function isEvent(value: unknown): value is Properties {
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
export function parseLog(text: string, start: number, what: string): PulumiOutput {
  let diagnostics: unknown[] = [];
  const steps = new Map<string, ResourceStep>();
  /** The resources that the run is reading. */
  const refreshing = new Set<unknown>();
  let hasRefreshed = false;
  let planned = plannedBefore(text.slice(0, start), what);
  let config: unknown;
  let summary: Properties | undefined;
  let number = text.slice(0, start).split("\n").length - 1;
  for (const line of text.slice(start).split("\n")) {
    number += 1;
    if (line.trim() === "" || isDebugMessage(line)) continue;
    const event = parsed(line);
    if (!isRecord(event))
      throw new InputError(
        `${what} is cut off or not JSON in line ${number} (${quotedStart(line)}); write the whole output of pulumi up --json to it`,
      );
    const { preludeEvent, summaryEvent, diagnosticEvent } = event;
    if (isRecord(preludeEvent)) {
      // A run begins.
      if (summary?.isPreview === true) planned = [...steps.values()];
      config = preludeEvent.config;
      summary = undefined;
      diagnostics = [];
      steps.clear();
      refreshing.clear();
      hasRefreshed = false;
    }
    if (isRecord(summaryEvent)) summary = summaryEvent;
    if (isRecord(diagnosticEvent)) diagnostics.push(diagnosticEvent);
    for (const name of ["resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"] as const)
      addStep({ steps, refreshing }, name, event[name]);
    hasRefreshed ||= refreshing.size > 0;
  }
  if (summary === undefined)
    throw new InputError(
      `${what} has no summary: the log ends before the run does; wait for the end of pulumi up --json, or of the preview`,
    );
  if (hasRefreshed && steps.size === 0) throw refreshed(what);
  const kind = summary.isPreview === true ? "preview" : "update";
  const output = outputOf(what, kind, [...steps.values()], config, diagnostics);
  return kind === "update" && planned !== undefined ? { ...output, planned } : output;
}

/** The steps of the document that pulumi up wrote before the log. */
function plannedBefore(text: string, what: string): ResourceStep[] | undefined {
  const document = parsed(text);
  return isRecord(document) ? parseDocument(document, what).steps : undefined;
}

/** The status of an operation that failed after it had made or changed the resource. */
const PARTIAL_FAILURE = 1;

interface Run {
  steps: Map<string, ResourceStep>;
  refreshing: Set<unknown>;
}

function addStep(
  { steps, refreshing }: Run,
  name: "resourcePreEvent" | "resOutputsEvent" | "resOpFailedEvent",
  event: unknown,
): void {
  if (!isRecord(event) || !isRecord(event.metadata)) return;
  const { op, urn, type, old, new: now, diffs, keys, detailedDiff } = event.metadata;
  if (typeof op !== "string" || typeof urn !== "string") return;
  // The end of a refresh is named by what it did to the state.
  const isRefresh = op === "refresh" || (name !== "resourcePreEvent" && refreshing.has(urn));
  if (isRefresh && name === "resourcePreEvent") refreshing.add(urn);
  else refreshing.delete(urn);
  if (isRefresh) return;
  const key = `${op}\0${urn}`;
  const known = steps.get(key);
  const step = stepOf({ op, urn, type, old, now, differs: [diffs, keys, detailedDiff] });
  steps.set(key, {
    ...known,
    ...step,
    // What was planned from: the later event has the same.
    ...(known?.old && { old: known.old }),
    ...(name === "resOpFailedEvent" && { failed: true as const }),
    ...(name === "resOpFailedEvent" && event.status === PARTIAL_FAILURE && { partial: true as const }),
    ...(name === "resOutputsEvent" && { done: true as const }),
  });
}
