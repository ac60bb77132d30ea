import { checkInputs } from "../args/check-inputs.ts";
import type { Failure } from "../args/failure.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact, redactFailure } from "../args/redact.ts";
import { secretValues } from "../args/secrets.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { contradictions } from "../domain/overlay.ts";
import { parseUri } from "../libvirt/uri.ts";
import { withoutPassword } from "../libvirt/uri-password.ts";
import { messageOf } from "../message-of.ts";
import { type DesiredMemory, desiredMemory } from "../plan/desired.ts";
import { emptyNodeRefusal } from "../plan/numa/cells.ts";
import { NO_CHANGE, type PlannedOutcome } from "../plan/planned-outcome.ts";
import type { Session } from "../session.ts";
import { previewAdoption } from "./adopt.ts";
import { adoptedInputs, ceilingInXml, isAdoption } from "./adopted-inputs.ts";
import { describeCreation } from "./creation.ts";
import { plannedChange } from "./planned-change.ts";

/** Validates the arguments, fills in the computed ones, and plans what the change does to the domain. */
export async function check(
  session: Session,
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
): Promise<{ inputs: Partial<Inputs>; failures: Failure[] }> {
  const adoption = await adoptedInputs(session, olds, news);
  const carried = { ...adoption.found, ...olds, ...ceilingInXml(news) };
  const { inputs, failures } = checkInputs(carried, news, session.defaults);
  session.run.of(String(inputs.__urn)).isInProgram = true;
  const all = [
    ...failures,
    ...adoption.failures,
    ...uriFailures(inputs),
    ...emptyNodeFailures(session, inputs),
    ...xmlFailures(session, inputs, news),
    ...nameFailures(session, inputs),
  ];
  if (all.length > 0) return { inputs, failures: all.map((failure) => redactFailure(failure, inputs)) };
  // Without failures the inputs are complete.
  const checked = inputs as Inputs;
  const isAdopting = isAdoption(session, olds, news);
  if (isAdopting || olds.__adopted === true) checked.__adopted = true;
  if (isAdopting) {
    const { outcome, refusal } = await previewAdoption(session, checked);
    const failed =
      refusal === undefined
        ? []
        : [{ property: "adopt", reason: redact(`can't adopt ${refusal.text}`, checked) }];
    return { inputs: { ...inputs, ...outcome }, failures: failed };
  }
  return { inputs: { ...inputs, ...(await outcome(session, olds, checked)) }, failures: [] };
}

async function outcome(session: Session, olds: Partial<Inputs>, inputs: Inputs): Promise<PlannedOutcome> {
  if (olds.uuid !== undefined) return plannedChange(session, olds, inputs);
  const { replacement } = session.run.of(inputs.__urn);
  return replacement ?? { memoryPlan: describeCreation(session, inputs), ...NO_CHANGE };
}

function uriFailures({ uri }: Partial<Inputs>): Failure[] {
  if (uri === undefined || uri === UNKNOWN) return [];
  try {
    parseUri(uri);
    return [];
  } catch (error) {
    // Pulumi's engine prints the value of the argument that a failure names.
    const mayShowValue = withoutPassword(uri) === uri;
    const reason = messageOf(error);
    return [
      mayShowValue ? { property: "uri", reason } : { property: "", reason: `uri is refused: ${reason}` },
    ];
  }
}

/** NUMA nodes without memory that the machine type can't start with. */
function emptyNodeFailures(session: Session, inputs: Partial<Inputs>): Failure[] {
  const desired = knownMemory(session, inputs);
  if (desired === undefined || inputs.machine === UNKNOWN) return [];
  const refusal = emptyNodeRefusal(desired, inputs.machine);
  return refusal === undefined ? [] : [{ property: "numa", reason: redact(refusal, inputs) }];
}

/** The desired memory, where the arguments are complete and known. */
function knownMemory(session: Session, inputs: Partial<Inputs>): DesiredMemory | undefined {
  return inputs.memory === undefined || inputs.maxMemory === undefined
    ? undefined
    : desiredMemory(inputs as Inputs, session.defaults);
}

/** The program's own XML may not contradict the arguments, including those that check filled in. */
function xmlFailures(
  session: Session,
  inputs: Partial<Inputs>,
  { name }: Record<string, unknown>,
): Failure[] {
  const { xml, vcpus } = inputs;
  if (xml === undefined || xml === UNKNOWN) return [];
  const desired = knownMemory(session, inputs);
  try {
    const found = contradictions(
      xml,
      defined({
        memory: desired?.memory,
        maxMemory: desired?.maxMemory,
        memorySlots: desired?.slots,
        currentMemory: desired?.currentMemory,
        name: typeof name === "string" && name !== UNKNOWN ? name : undefined,
        vcpus: typeof vcpus === "number" ? vcpus : undefined,
      }),
    );
    const secret = secretValues(inputs).texts;
    return found.map(({ argument, reason }) => {
      // A value of secret XML isn't a secret argument itself, which the masks of messages would find.
      const isQuoted = !secret.has(xml);
      return { property: "xml", reason: isQuoted ? reason : `contradicts the argument ${argument}` };
    });
  } catch (error) {
    return [{ property: "xml", reason: messageOf(error) }];
  }
}

/** Two resources of one stack can't have the same domain: the one that is checked second is refused. */
function nameFailures(session: Session, { name, uri, __urn: urn = "" }: Partial<Inputs>): Failure[] {
  if (name === undefined || name === UNKNOWN || uri === UNKNOWN) return [];
  const owner = session.run.claimName(session.resolveUri(uri), name, urn);
  if (owner === undefined) return [];
  return [{ property: "name", reason: `is already used by ${owner}; domain names must be unique per host` }];
}
