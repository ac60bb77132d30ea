import type { Severity } from "../report.ts";
import type { Op } from "../steps/step.ts";

/** How the CLI calls an operation: its sign, and its name when planned, running, done, failed and counted. */
interface Words {
  sign: string;
  planned: string;
  running: string;
  done: string;
  failed: string;
}

export const WORDS: Record<Op, Words> = {
  same: { sign: " ", planned: "", running: "", done: "", failed: "failed" },
  create: { sign: "+", planned: "create", running: "creating", done: "created", failed: "creating failed" },
  update: { sign: "~", planned: "update", running: "updating", done: "updated", failed: "updating failed" },
  delete: { sign: "-", planned: "delete", running: "deleting", done: "deleted", failed: "deleting failed" },
  replace: {
    sign: "+-",
    planned: "replace",
    running: "replacing",
    done: "replaced",
    failed: "replacing failed",
  },
  "create-replacement": {
    sign: "++",
    planned: "create replacement",
    running: "creating replacement",
    done: "created replacement",
    failed: "creating failed",
  },
  "delete-replaced": {
    sign: "--",
    planned: "delete original",
    running: "deleting original",
    done: "deleted original",
    failed: "deleting failed",
  },
  "remove-pending-replace": { sign: "~", planned: "", running: "", done: "", failed: "" },
  read: { sign: ">", planned: "read", running: "reading", done: "read", failed: "reading failed" },
  "read-replacement": {
    sign: ">>",
    planned: "read for replacement",
    running: "reading for replacement",
    done: "read for replacement",
    failed: "reading failed",
  },
  "read-discard": {
    sign: "<",
    planned: "discard",
    running: "discarding",
    done: "discarded",
    failed: "discarding failed",
  },
  import: {
    sign: "=",
    planned: "import",
    running: "importing",
    done: "imported",
    failed: "importing failed",
  },
  "import-replacement": {
    sign: "=>",
    planned: "import replacement",
    running: "importing replacement",
    done: "imported replacement",
    failed: "importing failed",
  },
  refresh: {
    sign: "~",
    planned: "refreshing",
    running: "refreshing",
    done: "refresh",
    failed: "refreshing failed",
  },
};

/** A message with its severity; information has none. */
export function withSeverity({ severity, message }: { severity: Severity; message: string }): string {
  return (severity === "info" ? message : `${severity}: ${message}`).trimEnd();
}

const COLOURS: Record<string, number> = { "+": 32, "++": 32, "~": 33, "-": 31, "--": 31, "+-": 35 };

/** In the colour of the line's sign, for a terminal. */
export function coloured(line: string): string {
  const sign = /^ +(\+-|\+\+|--|[+~-](?= ))/.exec(line)?.[1];
  const colour = sign === undefined ? undefined : COLOURS[sign];
  return colour === undefined ? line : `\x1b[${colour}m${line}\x1b[0m`;
}
