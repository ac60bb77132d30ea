import { saySize } from "../args/size.ts";
import { type GuestRecord, stillTrue } from "../guest/record.ts";
import type { Sighting } from "../observe/observe.ts";
import { sum } from "../plan/cells.ts";
import { detachedDimms, type Step } from "../plan/plan.ts";
import { askAnew, givesUp } from "./asked-anew.ts";
import type { Execution } from "./execution.ts";
import { askAfter, type Question, type Say, type Unasked } from "./guest-word.ts";
import { afterResize, type Resizing } from "./resized.ts";

/** What the guest says in the end, and why it hasn't all that it should have. */
export interface FinalWord {
  sighting: Sighting;
  word: GuestRecord | undefined;
  shortfall?: string;
}

/** Waits for what was asked of the guest before anything was done, or keeps what it said earlier. */
export async function finalWord(
  { question, resizing }: { question: Question | Unasked | undefined; resizing: Resizing | undefined },
  execution: Execution,
  present: Sighting,
  say: Say,
): Promise<FinalWord> {
  const { name } = execution.domain;
  let sighting = present;
  if (resizing !== undefined) {
    const { record: word, shortfall, ...resized } = await afterResize(resizing, execution, present, say);
    sighting = resized.sighting;
    if (shortfall !== undefined)
      return { sighting, word, shortfall: `Unable to resize domain ${name} as asked: ${shortfall}` };
    if (question === undefined) return { sighting, word };
  }
  if (question !== undefined && "warning" in question) await say.warn(question.warning);
  if (question === undefined || "warning" in question) {
    if (!givesUp(execution.change.steps)) return { sighting, word: keptWord(execution) };
    const word = await askAnew(execution, sighting);
    await say.info(sayTakenOut(execution.change.steps, word));
    return { sighting, word };
  }
  const { record: word, shortfall } = await askAfter(question, execution, sighting, say);
  if (shortfall === undefined) return { sighting, word };
  return { sighting, word, shortfall: `Unable to give domain ${name} all of its memory: ${shortfall}` };
}

/** «256 MiB taken out of slot 1; the guest has 512 MiB by its agent» */
function sayTakenOut(steps: Step[], word: GuestRecord | undefined): string {
  const dimms = detachedDimms(steps);
  const size = saySize(sum(dimms.map((dimm) => dimm.size)));
  const slots = dimms.flatMap(({ slot }) => slot ?? []).join(", ");
  const where = slots === "" ? "" : ` of ${dimms.length === 1 ? "slot" : "slots"} ${slots}`;
  const has = word === undefined ? "" : `; the guest has ${saySize(word.memory)} by its ${word.speaker}`;
  return `${size} taken out${where}${has}`;
}

/** After these the guest has another memory than it said. */
const MEMORY_MOVES: ReadonlySet<Step["kind"]> = new Set(["attach", "detach", "resize", "stop", "start"]);

/** The guest's earlier word, unless it is about another start of the domain or another memory. */
function keptWord({ guest, domain, change }: Execution): GuestRecord | undefined {
  const overtaken = change.steps.some(({ kind }) => MEMORY_MOVES.has(kind));
  return overtaken ? undefined : stillTrue(guest, domain.id);
}
