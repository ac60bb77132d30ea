import { InputError } from "../command/command.ts";
import { isRecord } from "../is-record.ts";
import { isEvent, logAfterDocument, parseLog } from "./event-log.ts";
import { parsed, quotedEnd, quotedStart } from "./json-text.ts";
import { parseDocument } from "./preview-document.ts";
import type { Properties } from "./properties.ts";
import { EXPECTED, type PulumiOutput } from "./pulumi-output.ts";

/**
 * Reads the document of `pulumi preview --json`, or the event log of `pulumi up --json` or of a streamed preview. `pulumi up`
 * writes its own preview before the log, unless `--skip-preview` is set: the log counts.
 *
 * @param what names the input in errors
 * @throws InputError
 */
export function parseOutput(text: string, what: string): PulumiOutput {
  const start = /^\s*/.exec(text)?.[0].length ?? 0;
  if (text[start] !== "{") {
    if (parsed(text) !== undefined) throw new InputError(`${what} is not an object; ${EXPECTED}`);
    throw new InputError(
      `${what} is not JSON: it begins with ${quotedStart(text.slice(start))}; run pulumi preview --json, and redirect only its standard output`,
    );
  }
  // A log has an event in each line; a document is spread over many, or is the only line.
  const [first = ""] = text.slice(start).split("\n", 1);
  if (isEvent(parsed(first))) return parseLog(text, start, undefined, what);
  const log = logAfterDocument(text);
  const document = documentIn(text.slice(0, log), what);
  return log === undefined ? document : parseLog(text, log, document.steps, what);
}

function documentIn(text: string, what: string): PulumiOutput {
  const document = parsed(text) ?? notJson(text, what);
  if (!isRecord(document)) throw new InputError(`${what} is not an object; ${EXPECTED}`);
  return parseDocument(document, what);
}

function notJson(text: string, what: string): never {
  const first = firstDocument(text);
  if (first !== undefined) {
    // Another tool's log has a document in each line.
    parseDocument(first.document, what);
    const { rest } = first;
    throw new InputError(
      rest.startsWith("{")
        ? `${what} has more than one document; review the output of each pulumi preview --json separately`
        : `${what} has more text after the JSON (${quotedStart(rest)}); run pulumi preview --json, and redirect only its standard output`,
    );
  }
  const end = text.trimEnd();
  if (!end.endsWith("}"))
    throw new InputError(
      `${what} ends in the middle of the JSON (${quotedEnd(end)}); run pulumi preview --json again, and wait for its end`,
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

/** A whole document that is on one line, or ends with the first line that isn't indented; and what follows it. */
function firstDocument(text: string): { document: Properties; rest: string } | undefined {
  for (const end of [text.indexOf("\n"), text.indexOf("\n}") + "\n}".length]) {
    const document = parsed(text.slice(0, end));
    const rest = text.slice(end).trim();
    if (isRecord(document) && rest !== "") return { document, rest };
  }
  return undefined;
}
