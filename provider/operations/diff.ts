import type { Inputs } from "../args/inputs.ts";
import { sayable } from "../args/secrecy.ts";
import { echoedInputs, type Outputs } from "../outputs.ts";
import { agreed } from "../plan/agree.ts";
import { type Change, planChange } from "../plan/change.ts";
import { changedFields } from "../plan/changed-fields.ts";
import type { Look, Session } from "../session.ts";
import { uriChange } from "./uri-change.ts";
import { UserError } from "./user-error.ts";

export interface DiffResult {
  /** Undefined: the engine compares the inputs itself, and shows their difference. */
  changes?: boolean;
  replaces?: string[];
  deleteBeforeReplace?: boolean;
}

/** Classifies a change, says it in words on the resource's row, and announces the plan to update. */
export async function diff(session: Session, id: string, state: Outputs, news: Inputs): Promise<DiffResult> {
  const before = echoedInputs(state);
  const moved = await uriChange(session, id, state, news);
  const fromState = planChange(news, before, state.__observed);
  const isOther = (than: Inputs) => changedFields(than, news).some((name) => name !== "uri");
  const differs = moved || isOther(before);
  if (!differs && fromState.outcome === "none") return { changes: false };

  const uri = moved && news.uri !== undefined ? news.uri : state.uri;
  const look = needsLook(fromState, before, news) ? await session.look(uri, id) : undefined;
  if (look !== undefined && "gone" in look)
    throw new UserError(
      `domain ${state.name} (${id}) is not on ${state.uri} any more: run refresh, then preview again`,
    );
  const looked =
    look !== undefined && "found" in look ? planChange(news, before, look.found.observed) : undefined;
  const change = agreed(fromState, looked);
  session.announced.set(id, change);
  await say(session, before, news, change, look);
  if (change.outcome === "refuse") {
    // A refresh asks too, for its display alone. It records what there is, whether or not that can be changed.
    if (!session.checked.has(news.__urn)) return { changes: true };
    throw new UserError(sayable(change.summary, before, news));
  }
  if (change.outcome === "replace") {
    session.replacing.set(news.__urn, change.memory?.summary || change.summary);
    const replaces = change.steps.flatMap((step) => (step.kind === "replace" ? step.fields : []));
    return { changes: true, replaces, deleteBeforeReplace: true };
  }
  // The engine compares with its inputs, where a refresh may have put the very size that is asked now.
  return moved || isOther({ ...before, ...state.__drift }) ? {} : { changes: true };
}

/** A change that leaves the memory alone needs no look: it follows from the arguments. */
function needsLook(fromState: Change, before: Inputs, news: Inputs): boolean {
  const memoryChanged = changedFields(before, news).some((name) =>
    ["memory", "maxMemory", "memorySlots", "running"].includes(name),
  );
  return (
    memoryChanged || fromState.steps.some((step) => step.kind !== "redefine" && step.kind !== "autostart")
  );
}

async function say(
  session: Session,
  before: Inputs,
  news: Inputs,
  change: Change,
  look: Look | undefined,
): Promise<void> {
  const severity = change.outcome === "replace" || change.outcome === "restart" ? "warning" : "info";
  const kind = change.outcome === "live" ? "live: " : "";
  const blind =
    look !== undefined && "failed" in look
      ? ` (planned from the state alone, since the hypervisor can't be reached: ${look.failed})`
      : "";
  const text = sayable(`${kind}${change.summary}`, before, news);
  if (change.summary !== "") await session.log.message(news.__urn, severity, `${text}${blind}`);
}
