import { currentRecord, type GuestRecord } from "../guest/record.ts";
import type { Observation } from "../observe/observe.ts";
import { detachedDimms, type Step } from "../plan/plan.ts";
import { sum } from "../units/kib.ts";
import { formatSize } from "../units/size.ts";
import {
  awaitConfirmation,
  type PendingConfirmation,
  type Unconfirmable,
  type UpdateLog,
} from "./confirm-dimms.ts";
import { afterResize, type PendingResize } from "./confirm-virtio-mem.ts";
import type { UpdateContext } from "./context.ts";
import { onlyRemoves, queryGuest } from "./query-guest.ts";

/** What the guest says in the end, and why it hasn't all that it should have. */
export interface Confirmation {
  observation: Observation;
  word: GuestRecord | undefined;
  shortfall?: string;
}

/** Waits for what was asked of the guest before anything was done, or keeps what it said earlier. */
export async function confirm(
  {
    question,
    resizing,
  }: { question: PendingConfirmation | Unconfirmable | undefined; resizing: PendingResize | undefined },
  context: UpdateContext,
  present: Observation,
  say: UpdateLog,
): Promise<Confirmation> {
  const { name } = context.domain;
  let observation = present;
  if (resizing !== undefined) {
    const { record: word, shortfall, ...resized } = await afterResize(resizing, context, present, say);
    observation = resized.observation;
    if (shortfall !== undefined)
      return { observation, word, shortfall: `Unable to resize domain ${name} as asked: ${shortfall}` };
    if (question === undefined) return { observation, word };
  }
  if (question !== undefined && "warning" in question) await say.warn(question.warning);
  if (question === undefined || "warning" in question) {
    if (!onlyRemoves(context.change.steps)) return { observation, word: keptReport(context) };
    const word = await queryGuest(context, observation);
    await say.info(describeRemoved(context.change.steps, word));
    return { observation, word };
  }
  const { record: word, shortfall } = await awaitConfirmation(question, context, observation, say);
  if (shortfall === undefined) return { observation, word };
  return { observation, word, shortfall: `Unable to give domain ${name} all of its memory: ${shortfall}` };
}

/** «256 MiB taken out of slot 1; the guest has 512 MiB by its agent» */
function describeRemoved(steps: Step[], word: GuestRecord | undefined): string {
  const dimms = detachedDimms(steps);
  const size = formatSize(sum(dimms.map((dimm) => dimm.size)));
  const slots = dimms.flatMap(({ slot }) => slot ?? []).join(", ");
  const where = slots === "" ? "" : ` of ${dimms.length === 1 ? "slot" : "slots"} ${slots}`;
  const has = word === undefined ? "" : `; the guest has ${formatSize(word.memory)} by its ${word.speaker}`;
  return `${size} taken out${where}${has}`;
}

/** After these the guest has another memory than it said. */
const MEMORY_MOVES: ReadonlySet<Step["kind"]> = new Set(["attach", "detach", "resize", "stop", "start"]);

/** The guest's earlier word, unless it is about another start of the domain or another memory. */
function keptReport({ guest, domain, change }: UpdateContext): GuestRecord | undefined {
  const overtaken = change.steps.some(({ kind }) => MEMORY_MOVES.has(kind));
  return overtaken ? undefined : currentRecord(guest, domain.id);
}
