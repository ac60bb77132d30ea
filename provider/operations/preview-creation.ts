import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { containsUnknown, UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { readXml } from "../domain/parse.ts";
import { readSize } from "../domain/read.ts";
import { find } from "../domain/tree.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import { lockedWithoutLimit } from "../plan/hard-limit.ts";
import { planMessage, planSeverity, type Reason } from "../plan/plan.ts";
import { NO_CHANGE, type PlannedOutcome, plannedOutcome } from "../plan/planned-outcome.ts";
import { fitting } from "../plan/text.ts";
import type { Session } from "../session.ts";
import { formatSize, readCanonicalSize } from "../units/size.ts";
import { refusalOfStarted, startedDomain } from "./continued-create.ts";
import { describeCreation } from "./creation.ts";
import { foreseeCreation } from "./creation-refusals.ts";
import { type Existing, existingDomain, leftByReplace } from "./existing-domain.ts";
import { isPlanShown, PLAN_WITHDRAWN } from "./forced-replace.ts";
import { newDomain } from "./new-domain.ts";
import { unfinishedReplace } from "./replace.ts";

/**
 * What a create does, for a preview, or why it is refused. It looks at the host for a domain that is there already; if the host
 * can't be reached, only the create can tell.
 */
export async function previewCreation(
  session: Session,
  inputs: Inputs,
): Promise<{ outcome: PlannedOutcome; refusal?: Reason }> {
  const existing = await lookForExisting(session, inputs);
  const starts = await describeCreation(session, inputs);
  if (existing?.kind !== "finished")
    for (const text of lockedWithoutLimit(inputs, { hardLimit: hardLimitOf(inputs) }))
      await session.log.message(inputs.__urn, "warning", text);
  switch (existing?.kind) {
    case "replace": {
      const { left } = existing;
      const started = await previewStarted(session, inputs, "replace");
      if (started !== undefined) return started;
      const text = `continues an interrupted replace of domain ${inputs.name} (${inputs.uuid})\n${leftByReplace(left)}`;
      await session.log.message(inputs.__urn, "info", redact(text, inputs));
      return { outcome: outcome(`${CONTINUES_REPLACE}${starts}`, starts) };
    }
    case "unfinished": {
      await logContinued(session, inputs, existing);
      const started = await previewStarted(session, inputs, "create");
      if (started !== undefined) return started;
      const refusal = await refusedByHost(session, inputs);
      return defined({ outcome: outcome(`continues an interrupted create: ${starts}`, starts), refusal });
    }
    case "finished": {
      await logContinued(session, inputs, existing);
      const size = formatSize(readCanonicalSize(inputs.memory));
      return {
        outcome: outcome(
          `continues an interrupted create: the domain has ${size}, nothing to do`,
          "continues an interrupted create: nothing to do",
        ),
      };
    }
    case "unknown":
      return {
        outcome: {
          memoryPlan: "not known yet: its domain exists",
          change: "unknown",
          memoryChange: "unknown",
        },
      };
    default: {
      const refusal = refusalFor(session, existing) ?? (await refusedByHost(session, inputs));
      return defined({ outcome: outcome(starts), refusal });
    }
  }
}

/** A create makes a domain, whatever there was before. */
function outcome(...lines: string[]): PlannedOutcome {
  return { memoryPlan: fitting(...lines), ...NO_CHANGE };
}

/**
 * What a create does in the second half of a replace whose first half an earlier run did; undefined where there is none. diff can't
 * know that the engine doesn't update the domain that was left.
 */
export async function previewContinuedReplace(
  session: Session,
  inputs: Inputs,
): Promise<PlannedOutcome | undefined> {
  const hasIdentity = inputs.uri !== UNKNOWN && !containsUnknown(inputs.uuid);
  const unfinished =
    hasIdentity &&
    (await session.ask(session.uriFor(inputs), async (hypervisor) =>
      unfinishedReplace(hypervisor, inputs, await hypervisor.findByUuid(inputs.uuid)),
    ));
  if (!unfinished) return undefined;
  const starts = await describeCreation(session, inputs);
  const line = fitting(`${CONTINUES_REPLACE}${starts}`, starts);
  const withdrawn = isPlanShown(session, inputs.__urn) ? [PLAN_WITHDRAWN] : [];
  await session.log.message(inputs.__urn, "info", redact([line, ...withdrawn].join("\n"), inputs));
  return outcome(line);
}

const CONTINUES_REPLACE = "continues an interrupted replace: ";

/** The hard limit in the program's own XML, which is the only place for one in a new domain. */
function hardLimitOf({ xml }: Inputs): number | undefined {
  return xml === undefined || xml === UNKNOWN
    ? undefined
    : readSize(find(readXml(xml), "memtune"), "hard_limit");
}

/**
 * What becomes of a domain that an interrupted create or replace of this resource started; undefined where there is none. A more
 * disruptive plan than this one isn't carried out.
 */
export async function previewStarted(
  session: Session,
  inputs: Inputs,
  operation: "create" | "replace",
): Promise<{ outcome: PlannedOutcome; refusal?: Reason } | undefined> {
  if (inputs.uri === UNKNOWN) return undefined;
  const uri = session.uriFor(inputs);
  const look = await session.look(uri, inputs.uuid);
  if (look.kind !== "found") return undefined;
  const { observation } = look;
  const left = await session.ask(uri, async (hypervisor) => {
    const wanted = newDomain(session, hypervisor, inputs);
    const started = await startedDomain(wanted, observation);
    const refusal = started && (await refusalOfStarted(wanted, started));
    return started && { started, refusal };
  });
  if (left === undefined) return undefined;
  const { refusal } = left;
  const { plan, before } = left.started;
  const notes = session.run.of(inputs.__urn);
  const { announced } = notes;
  const isWithdrawn = isPlanShown(session, inputs.__urn);
  notes.announced = plan;
  const live = observation.observed.live?.memory;
  const present = live === undefined ? "" : `the domain runs with ${formatSize(live)}, `;
  const continued = `continues an interrupted ${operation}: `;
  const what = plan.headline === "" ? `${present}nothing to do` : plan.headline;
  // In a replace, diff may have planned the same.
  const isSaid = announced !== undefined && planMessage(announced) === planMessage(plan);
  if ((plan.headline !== "" || isWithdrawn) && refusal === undefined && !isSaid) {
    const lines = [
      plan.headline === "" ? `${continued}${what}` : planMessage(plan),
      ...(isWithdrawn ? [ALREADY_STARTED] : []),
    ];
    await session.log.message(inputs.__urn, planSeverity(plan), redact(lines.join("\n"), before, inputs));
  }
  const { change, memoryChange } = plannedOutcome(plan, "");
  return defined({
    outcome: { memoryPlan: fitting(`${continued}${what}`, what), change, memoryChange },
    refusal,
  });
}

const ALREADY_STARTED =
  "the plan above is not carried out: the interrupted replace has started the new domain already";

/**
 * Why the new domain's host refuses it, with all reasons in one. What isn't there yet (a network, a file) is only a warning: another
 * resource of the program may make it first.
 */
async function refusedByHost(session: Session, inputs: Inputs): Promise<Reason | undefined> {
  const { refusals = [], missing = [] } = (await foreseeCreation(session, inputs)) ?? {};
  const [first] = refusals;
  if (first !== undefined)
    return { code: first.code, text: [...refusals.map(({ text }) => text), ...missing].join("; ") };
  for (const text of missing) await session.log.message(inputs.__urn, "warning", redact(text, inputs));
  return undefined;
}

/** A domain that is replaced in the same run gives its name up. */
function refusalFor({ run }: Session, existing: Found | undefined): Reason | undefined {
  if (existing?.kind !== "taken") return undefined;
  const { owner, reason } = existing;
  return owner !== undefined && run.of(owner).replacement !== undefined ? undefined : reason;
}

type Found = Existing | { kind: "replace"; left: DomainRef };

function lookForExisting(session: Session, inputs: Inputs): Promise<Found | undefined> | undefined {
  if (inputs.uri === UNKNOWN || containsUnknown(inputs.uuid)) return undefined;
  const uri = session.uriFor(inputs);
  return session.ask(uri, async (hypervisor): Promise<Found> => {
    const present = await hypervisor.findByUuid(inputs.uuid);
    const replace = await unfinishedReplace(hypervisor, inputs, present);
    if (replace === undefined) return existingDomain(newDomain(session, hypervisor, inputs), present);
    return { kind: "replace", left: replace.domain };
  });
}

/** Logs once in a run that a create continues with an existing domain. */
export async function logContinued(
  { run, log }: Session,
  inputs: Inputs,
  { kind, domain }: Extract<Existing, { kind: "unfinished" | "finished" }>,
): Promise<void> {
  const notes = run.of(inputs.__urn);
  if (notes.isContinuing) return;
  notes.isContinuing = true;
  const which = `domain ${domain.name} (${domain.uuid})`;
  const unfinished = `continues with ${which}, which an interrupted create left`;
  if (kind === "unfinished") return log.message(inputs.__urn, "info", redact(unfinished, inputs));
  const text = `continues with ${which}, which a create of this resource finished without recording it: it is exactly what the program wants and is left unchanged, unless Pulumi was asked to replace it (--replace, --target-replace, pulumi state taint): in that case it is shut down and recreated\nif another stack of this name manages it, rename one of the two stacks before pulumi up`;
  return log.message(inputs.__urn, "warning", redact(text, inputs));
}
