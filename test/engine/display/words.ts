import type { Op } from "../steps/step.ts";

/** How the CLI speaks of an operation: its sign, and its name when planned, under way, done and counted. */
interface Words {
  sign: string;
  planned: string;
  running: string;
  done: string;
}

export const WORDS: Record<Op, Words> = {
  same: { sign: " ", planned: "", running: "", done: "" },
  create: { sign: "+", planned: "create", running: "creating", done: "created" },
  update: { sign: "~", planned: "update", running: "updating", done: "updated" },
  delete: { sign: "-", planned: "delete", running: "deleting", done: "deleted" },
  replace: { sign: "+-", planned: "replace", running: "replacing", done: "replaced" },
  "create-replacement": {
    sign: "++",
    planned: "create replacement",
    running: "creating replacement",
    done: "created replacement",
  },
  "delete-replaced": {
    sign: "--",
    planned: "delete original",
    running: "deleting original",
    done: "deleted original",
  },
  "remove-pending-replace": { sign: "~", planned: "drop from state", running: "dropping", done: "dropped" },
  refresh: { sign: "~", planned: "refresh", running: "refreshing", done: "refreshed" },
};

const COLOURS: Record<string, number> = { "+": 32, "++": 32, "~": 33, "-": 31, "--": 31, "+-": 35 };

/** In the colour of the line's sign, for a terminal. */
export function coloured(line: string): string {
  const sign = /^ +(\+-|\+\+|--|[+~-](?= ))/.exec(line)?.[1];
  const colour = sign === undefined ? undefined : COLOURS[sign];
  return colour === undefined ? line : `\x1b[${colour}m${line}\x1b[0m`;
}
