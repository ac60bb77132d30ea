import { InputError } from "../command/command.ts";
import { isRecord } from "../is-record.ts";
import { isEvent, logAfterDocument, parseLog } from "./event-log.ts";
import { parsed, quotedEnd, quotedStart } from "./json-text.ts";
import { parseDocument } from "./preview-document.ts";
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
  if (text[start] !== "{")
    throw new InputError(
      `${what} is not JSON: it begins with ${quotedStart(text.slice(start))}; run pulumi preview --json, and redirect only its standard output`,
    );
  // A log has an event in each line; a document is spread over many, or is the only line.
  const [first = ""] = text.slice(start).split("\n", 1);
  const log = isEvent(parsed(first)) ? start : logAfterDocument(text);
  if (log !== undefined) return parseLog(text, log, what);
  const document = parsed(text) ?? notJson(text, what);
  if (!isRecord(document)) throw new InputError(`${what} is not an object; ${EXPECTED}`);
  return parseDocument(document, what);
}

function notJson(text: string, what: string): never {
  const rest = afterDocument(text);
  if (rest !== undefined)
    throw new InputError(
      rest.startsWith("{")
        ? `${what} has more than one document; review the output of each pulumi preview --json separately`
        : `${what} has more text after the JSON (${quotedStart(rest)}); run pulumi preview --json, and redirect only its standard output`,
    );
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

/** What follows a whole document, which is on one line, or ends with the first line that isn't indented. */
function afterDocument(text: string): string | undefined {
  const ends = [text.indexOf("\n"), text.indexOf("\n}") + "\n}".length];
  const end = ends.find((one) => isRecord(parsed(text.slice(0, one))));
  const rest = end === undefined ? "" : text.slice(end).trim();
  return rest === "" ? undefined : rest;
}
