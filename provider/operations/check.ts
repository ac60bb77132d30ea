import { checkInputs } from "../args/check-inputs.ts";
import { configuredSettings } from "../args/configured-settings.ts";
import { deviceClaims } from "../args/device-claims.ts";
import type { Failure } from "../args/failure.ts";
import type { NewDomain } from "../args/fill-in.ts";
import { withFormerSecrets } from "../args/former-secrets.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact, redactFailure } from "../args/redact.ts";
import { secretValues } from "../args/secrets.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { contradictions } from "../domain/overlay.ts";
import { readDomainXml } from "../domain/parse.ts";
import { readCells } from "../domain/read.ts";
import { plainTcpRefusal } from "../libvirt/plain-tcp.ts";
import { parseUri } from "../libvirt/uri.ts";
import { withoutPassword } from "../libvirt/uri-password.ts";
import { messageOf } from "../message-of.ts";
import { type DesiredMemory, desiredMemory } from "../plan/desired.ts";
import { emptyNodeRefusal } from "../plan/numa/cells.ts";
import type { Reason } from "../plan/plan.ts";
import { NO_CHANGE, type PlannedOutcome } from "../plan/planned-outcome.ts";
import { withPresentSecrets } from "../present-secrets.ts";
import type { Session } from "../session.ts";
import { previewAdoption } from "./adopt.ts";
import { adoptedInputs, ceilingInXml, isAdoption } from "./adopted-inputs.ts";
import { describeCreation } from "./creation.ts";
import { forcedReplace } from "./forced-replace.ts";
import { isDefaultMaximum, mostVcpusOf } from "./most-vcpus.ts";
import { plannedChange } from "./planned-change.ts";
import { previewContinuedReplace, previewCreation, previewStarted } from "./preview-creation.ts";

interface Checked {
  inputs: Partial<Inputs>;
  failures: Failure[];
}

/** Validates the arguments, fills in the computed ones, and plans what the change does to the domain. */
export async function check(
  session: Session,
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
): Promise<Checked> {
  session.announceHosts(announcedHosts(news));
  const notes = session.run.of(String(news.__urn));
  notes.isInProgram = true;
  if (olds.uuid !== undefined) notes.recorded = olds;
  const isAdopting = isAdoption(session, olds, news);
  const { inputs, failures } = await validated(session, olds, news, isAdopting);
  if (failures.length > 0)
    return { inputs, failures: failures.map((failure) => redactFailure(failure, inputs)) };
  // Without failures the inputs are complete.
  const checked = inputs as Inputs;
  const configured = configuredSettings(checked, session.defaults);
  if (configured !== undefined) checked.__configured = configured;
  session.run.domain(checked.uuid).resource = checked.__urn;
  if (isAdopting || olds.__adopted === true) checked.__adopted = true;
  if (olds.uuid === undefined) notes.successor = checked;
  if (isAdopting) return checkedAdoption(session, checked);
  if (olds.uuid !== undefined) {
    const outcome = await plannedChange(session, olds, checked);
    return { inputs: { ...withoutPast(session, olds, checked), ...outcome }, failures: [] };
  }
  if (notes.recorded !== undefined) return checkedReplacement(session, checked);
  const { replacement } = notes;
  return withOutcome(
    checked,
    replacement === undefined ? await previewCreation(session, checked) : { outcome: replacement },
  );
}

/** The inputs with the computed ones, and all that is wrong with them. */
async function validated(
  session: Session,
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
  isAdopting: boolean,
): Promise<Checked> {
  const notes = session.run.of(String(news.__urn));
  const isNew = olds.uuid === undefined && !isAdopting;
  const adoption = await adoptedInputs(session, olds, news);
  const kept = isNew ? identityOf(notes.state ?? notes.recorded) : {};
  const ofXml = ceilingInXml(news, isNew || olds.maxVcpus !== undefined);
  const carried = { ...adoption.found, ...kept, ...olds, ...ofXml };
  const checkedFor = (domain: NewDomain) => checkInputs(carried, news, session.defaults, domain);
  const first = checkedFor({ isNew });
  const mostVcpus = isNew && isDefaultMaximum(news) ? await mostVcpusOf(session, first.inputs) : undefined;
  const { inputs, failures } = mostVcpus === undefined ? first : checkedFor({ isNew, mostVcpus });
  return {
    inputs,
    failures: [
      ...failures,
      ...adoption.failures,
      ...uriFailures(session, olds, inputs),
      ...emptyNodeFailures(session, inputs),
      ...xmlFailures(session, inputs, news),
      ...nameFailures(session, inputs),
      ...claimFailures(session, olds, inputs),
    ],
  };
}

async function checkedAdoption(session: Session, checked: Inputs): Promise<Checked> {
  const refused = await forcedReplace(session, checked);
  if (refused?.refusal !== undefined) return { inputs: checked, failures: [failureOf(refused.refusal)] };
  const { outcome, refusal } = await previewAdoption(session, checked);
  const failed = refusal && { property: "adopt", reason: redact(`can't adopt ${refusal.text}`, checked) };
  return { inputs: { ...checked, ...outcome }, failures: failed === undefined ? [] : [failed] };
}

/** The second check of a replace: the old domain is still there in a preview. */
async function checkedReplacement(session: Session, checked: Inputs): Promise<Checked> {
  const left = await previewStarted(session, checked, "replace");
  if (left !== undefined) return withOutcome(checked, left);
  const outcome =
    session.run.of(checked.__urn).replacement ?? (await previewContinuedReplace(session, checked));
  if (outcome !== undefined) return withOutcome(checked, { outcome });
  const forced = await forcedReplace(session, checked);
  const created = { memoryPlan: await describeCreation(session, checked), ...NO_CHANGE };
  const failures = forced?.refusal === undefined ? [] : [failureOf(forced.refusal)];
  return { inputs: { ...checked, ...(forced?.outcome ?? created) }, failures };
}

function withOutcome(
  checked: Inputs,
  { outcome, refusal }: { outcome: PlannedOutcome; refusal?: Reason },
): Checked {
  const reason = refusal && redact(`Unable to create domain ${checked.name}: ${refusal.text}`, checked);
  return {
    inputs: { ...checked, ...outcome },
    failures: reason === undefined ? [] : [{ property: "", reason }],
  };
}

/** The inputs without former secrets that the domain of the earlier inputs doesn't have any more, where the plan has looked at it. */
function withoutPast({ run, defaults }: Session, olds: Partial<Inputs>, inputs: Inputs): Inputs {
  const notes = run.of(inputs.__urn);
  const seen = notes.planned?.seen;
  if (seen === undefined || olds.__formerSecrets === undefined) return inputs;
  const before = withPresentSecrets(olds as Inputs, {
    ...{ observed: seen.observed, others: seen.definition.writtenImages },
    ...{ defaults, adopted: inputs.__adopted === true },
  });
  notes.recorded = before;
  return withFormerSecrets(before, inputs);
}

/** What the new domain of a replace keeps of the old one where the program doesn't set it. */
function identityOf(old: Partial<Inputs> | undefined): Partial<Inputs> {
  if (old === undefined) return {};
  const { uuid, name, interfaces, __secrets } = old;
  return defined({ uuid, name, interfaces, __secrets });
}

function failureOf(error: Error): Failure {
  return { property: "", reason: error.message };
}

/** The URIs of the program's domains, as the class passes them on; "" is the default. They are not kept as an input. */
function announcedHosts({ __hosts }: Record<string, unknown>): (string | undefined)[] {
  const given: unknown[] = Array.isArray(__hosts) ? __hosts : [];
  return given.filter((uri) => typeof uri === "string").map((uri) => uri || undefined);
}

function uriFailures(session: Session, olds: Partial<Inputs>, inputs: Partial<Inputs>): Failure[] {
  const { uri } = inputs;
  // Without the argument a domain keeps the URI of its state, and a new one gets the stack's.
  if (uri === UNKNOWN || (uri === undefined && olds.uuid !== undefined)) return [];
  try {
    const refusal = plainTcpRefusal(
      parseUri(session.uriFor(inputs)),
      session.configuration.allowPlainTcp ?? false,
    );
    return refusal === undefined ? [] : [{ property: "uri", reason: `is refused: ${refusal}` }];
  } catch (error) {
    // Pulumi's engine prints the value of the argument that a failure names.
    const mayShowValue = uri === undefined || withoutPassword(uri) === uri;
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
  { name, maxVcpus }: Record<string, unknown>,
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
        maxVcpus: typeof maxVcpus === "number" ? maxVcpus : undefined,
      }),
    );
    // A value of secret XML isn't a secret argument itself, which the masks of messages would find.
    const isQuoted = !secretValues(inputs).texts.has(xml);
    return [
      ...found.map(({ argument, reason }) => ({
        property: "xml",
        reason: isQuoted ? reason : `contradicts the argument ${argument}`,
      })),
      ...targetNodeFailures(xml, inputs, desired, isQuoted),
    ];
  } catch (error) {
    return [{ property: "xml", reason: messageOf(error) }];
  }
}

/** Where the program names no nodes, a new domain has those of its XML, or one. */
function targetNodeFailures(
  xml: string,
  { numa, adopt }: Partial<Inputs>,
  desired: DesiredMemory | undefined,
  isQuoted: boolean,
): Failure[] {
  if (numa !== undefined || adopt !== undefined || desired === undefined || desired.target === "spread")
    return [];
  const count = Math.max(1, readCells(readDomainXml(xml)).length);
  if (desired.target < count) return [];
  const present = count === 1 ? "only has node 0" : `has nodes 0 to ${count - 1}`;
  const reason = isQuoted
    ? `is ${desired.target}, but the domain ${present}`
    : "is a node that xml doesn't have";
  return [{ property: "hotplug.targetNode", reason }];
}

/** Two resources of one stack can't have the same domain: the one that is checked second is refused. */
function nameFailures(session: Session, inputs: Partial<Inputs>): Failure[] {
  const { name, uri, __urn: urn = "" } = inputs;
  if (name === undefined || name === UNKNOWN || uri === UNKNOWN) return [];
  const owner = session.run.claimName(session.uriFor(inputs), name, urn);
  if (owner === undefined) return [];
  return [{ property: "name", reason: `is already used by ${owner}; domain names must be unique per host` }];
}

/** Two domains of one stack can't write to one disk either, or have the same MAC address. */
function claimFailures(session: Session, olds: Partial<Inputs>, inputs: Partial<Inputs>): Failure[] {
  const { uri, __urn: urn = "" } = inputs;
  if (uri === UNKNOWN) return [];
  const clashes = session.run.claimDevices(session.uriFor(inputs), deviceClaims(inputs, olds), urn);
  return clashes.map(({ claim: { property, kind, key, writes }, owner }) => {
    const reason =
      kind === "mac"
        ? `is ${key}, which an interface of ${owner} has already; MAC addresses must be unique per host`
        : `is ${key}, which is a disk of ${owner} too, and ${writes ? "this domain writes" : "that one writes"} to it; remove it from one of them, or set readOnly in both`;
    return { property, reason: redact(reason, inputs) };
  });
}
