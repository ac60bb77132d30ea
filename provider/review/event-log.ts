import { InputError } from "../command/command.ts";
import { isRecord } from "../is-record.ts";
import { parsed, quotedStart } from "./json-text.ts";
import type { Properties } from "./properties.ts";
import {
  outputOf,
  type PulumiOutput,
  type ResourceStep,
  refreshed,
  stepOf,
  withFailure,
} from "./pulumi-output.ts";
import { stackIn } from "./urn.ts";

/** Where a log begins after a document, in which no line begins like an event: its texts have no line ends. */
export function logAfterDocument(text: string): number | undefined {
  return /^\{"sequence":\d/m.exec(text)?.index;
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

/** What a log has of one run. */
interface Run {
  config: unknown;
  diagnostics: unknown[];
  steps: Map<string, ResourceStep>;
  /** The resources that the run is reading. */
  refreshing: Set<unknown>;
  hasRefreshed: boolean;
  /** Undefined: the run isn't over. */
  summary?: Properties;
}

/**
 * The log has an event in each line. pulumi up writes two runs: its preview, as a document or as events as well, and the update.
 *
 * @param start where the log begins in the text
 * @param planned the steps of the document before the log
 */
export function parseLog(
  text: string,
  start: number,
  planned: ResourceStep[] | undefined,
  what: string,
): PulumiOutput {
  const runs = runsIn(text, start, what);
  const last = runs.at(-1);
  if (last?.summary === undefined)
    throw new InputError(
      `${what} has no summary: the log ends before the run does; wait for the end of pulumi up --json, or of the preview`,
    );
  const { summary, steps, config, diagnostics } = last;
  const kind = summary.isPreview === true ? "preview" : "update";
  const previews = [...(planned === undefined ? [] : [planned]), ...runs.slice(0, -1).map(plannedIn)];
  const [preview] = previews;
  if (previews.length > (kind === "update" ? 1 : 0) || previews.includes(undefined)) throw severalRuns(what);
  requireSameStack(preview ?? [], [...steps.values()], what);
  if (last.hasRefreshed && steps.size === 0) throw refreshed(what);
  const read = outputOf(what, kind, [...steps.values()], config, diagnostics);
  const output = summary.result === "failed" ? withFailure(read) : read;
  return preview === undefined ? output : { ...output, planned: preview };
}

function severalRuns(what: string): InputError {
  return new InputError(
    `${what} has more than one run of Pulumi; review the output of each pulumi preview --json, or pulumi up --json, separately`,
  );
}

/** The steps of a run that is a preview. */
function plannedIn({ summary, steps }: Run): ResourceStep[] | undefined {
  return summary?.isPreview === true ? [...steps.values()] : undefined;
}

/** @throws InputError for the preview of one stack and the update of another */
function requireSameStack(preview: ResourceStep[], update: ResourceStep[], what: string): void {
  const [planned, updated] = [preview, update].map(([first]) => first && stackIn(first.urn));
  if (planned === undefined || updated === undefined || planned === updated) return;
  throw new InputError(
    `${what} has a preview of stack ${JSON.stringify(planned)}, but an update of ${JSON.stringify(updated)}; review the output of each pulumi up --json separately`,
  );
}

function runsIn(text: string, start: number, what: string): Run[] {
  let run = newRun();
  const runs = [run];
  let number = text.slice(0, start).split("\n").length - 1;
  for (const line of text.slice(start).split("\n")) {
    number += 1;
    if (line.trim() === "" || isDebugMessage(line)) continue;
    const event = parsed(line);
    // A document begins like this.
    if (line.trim() === "{") throw severalRuns(what);
    if (!isRecord(event))
      throw new InputError(
        `${what} is cut off or not JSON in line ${number} (${quotedStart(line)}); write the whole output of pulumi up --json to it`,
      );
    const { preludeEvent, summaryEvent, diagnosticEvent } = event;
    if (isRecord(preludeEvent)) {
      // Some events come before the first one of these.
      if (run.summary !== undefined || run.steps.size > 0) {
        run = newRun();
        runs.push(run);
      }
      run.config = preludeEvent.config;
    }
    if (isRecord(summaryEvent)) run.summary = summaryEvent;
    if (isRecord(diagnosticEvent)) run.diagnostics.push(diagnosticEvent);
    for (const name of ["resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"] as const)
      addStep(run, name, event[name]);
    run.hasRefreshed ||= run.refreshing.size > 0;
  }
  return runs;
}

function newRun(): Run {
  return { config: undefined, diagnostics: [], steps: new Map(), refreshing: new Set(), hasRefreshed: false };
}

/** The status of an operation that failed after it had made or changed the resource. */
const PARTIAL_FAILURE = 1;

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
