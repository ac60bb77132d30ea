import { checkInputs } from "../args/check-inputs.ts";
import type { Failure } from "../args/failure.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact, redactFailure } from "../args/redact.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { virtioMemFor } from "../definition/domain-spec.ts";
import { platformOf } from "../definition/platform.ts";
import { contradictions } from "../domain/overlay.ts";
import type { VirtioMemSpec } from "../domain/spec.ts";
import { parseUri } from "../libvirt/uri.ts";
import { changedFields } from "../plan/changed-fields.ts";
import { ceilingFor } from "../plan/definition/folded.ts";
import { type DesiredMemory, desiredMemory, MEMORY_FIELDS } from "../plan/desired.ts";
import { cellsFor, emptyNodeNote, emptyNodeRefusal } from "../plan/numa/cells.ts";
import { planMemory } from "../plan/plan-memory.ts";
import { pluggingReason } from "../plan/platform.ts";
import { formatChange } from "../plan/text.ts";
import type { LookupResult, Session } from "../session.ts";
import { formatMib, formatSize, readCanonicalSize } from "../units/size.ts";
import { previewAdoption } from "./adopt.ts";
import { adoptedInputs, ceilingInXml, isAdoption } from "./adopted-inputs.ts";

/** Validates the arguments, fills in what is computed, and says what a change of the memory comes to. */
export async function check(
  session: Session,
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
): Promise<{ inputs: Partial<Inputs>; failures: Failure[] }> {
  const adoption = await adoptedInputs(session, olds, news);
  const carried = { ...adoption.found, ...olds, ...ceilingInXml(news) };
  const { inputs, failures } = checkInputs(carried, news, session.defaults);
  session.checked.add(String(inputs.__urn));
  const all = [
    ...failures,
    ...adoption.failures,
    ...uriFailures(inputs),
    ...emptyNodeFailures(session, inputs),
    ...xmlFailures(session, inputs, news),
    ...nameFailures(session, inputs),
  ];
  if (all.length > 0) return { inputs, failures: all.map((failure) => redactFailure(failure, inputs)) };
  if (isAdoption(session, olds, news)) {
    const { sentence, refusal } = await previewAdoption(session, inputs as Inputs);
    const failed = refusal === undefined ? [] : [{ property: "adopt", reason: `can't take over ${refusal}` }];
    return { inputs: { ...inputs, memoryPlan: sentence }, failures: failed };
  }
  const old = olds as Partial<Inputs>;
  const memoryPlan = await sentence(session, old, inputs as Inputs);
  return { inputs: { ...inputs, memoryPlan }, failures: [] };
}

function uriFailures({ uri }: Partial<Inputs>): Failure[] {
  if (uri === undefined || uri === UNKNOWN) return [];
  try {
    parseUri(uri);
    return [];
  } catch (error) {
    return [{ property: "uri", reason: (error as Error).message }];
  }
}

/** A node that can't start without memory, on the machine that is asked for. */
function emptyNodeFailures(session: Session, inputs: Partial<Inputs>): Failure[] {
  const desired = askedOf(session, inputs);
  if (desired === undefined || inputs.machine === UNKNOWN) return [];
  const refusal = emptyNodeRefusal(desired, inputs.machine);
  return refusal === undefined ? [] : [{ property: "numa", reason: redact(refusal, inputs) }];
}

/** The memory that is asked for, where the arguments are complete and known. */
function askedOf(session: Session, inputs: Partial<Inputs>): DesiredMemory | undefined {
  return inputs.memory === undefined || inputs.maxMemory === undefined
    ? undefined
    : desiredMemory(inputs as Inputs, session.defaults);
}

/** XML of the program's own may say nothing else than the arguments, and those that check filled in. */
function xmlFailures(session: Session, inputs: Partial<Inputs>, news: Record<string, unknown>): Failure[] {
  const { xml } = inputs;
  if (xml === undefined || xml === UNKNOWN) return [];
  const desired = askedOf(session, inputs);
  try {
    const said = contradictions(xml, {
      ...(desired && { memory: desired.memory, maxMemory: desired.maxMemory, memorySlots: desired.slots }),
      ...(desired?.currentMemory !== undefined && { currentMemory: desired.currentMemory }),
      ...(typeof news.name === "string" && news.name !== UNKNOWN && { name: news.name }),
      ...(typeof inputs.vcpus === "number" && { vcpus: inputs.vcpus }),
    });
    return said.map((reason) => ({ property: "xml", reason: redact(reason, inputs) }));
  } catch (error) {
    return [{ property: "xml", reason: redact((error as Error).message, inputs) }];
  }
}

/** Two resources of one stack can't have one domain; the second to be checked says so. */
function nameFailures(session: Session, inputs: Partial<Inputs>): Failure[] {
  const { name, __urn: urn = "", uri } = inputs;
  if (name === undefined || name === UNKNOWN || uri === UNKNOWN) return [];
  const key = `${session.resolveUri(uri)} ${name}`;
  const other = session.names.get(key);
  for (const [named, owner] of session.names) if (owner === urn) session.names.delete(named);
  if (other !== undefined && other !== urn) {
    const reason = `is "${name}", which ${other} of this stack has too; domains of one host need different names`;
    return [{ property: "name", reason }];
  }
  session.names.set(key, urn);
  return [];
}

/** The memoryPlan: kept while no memory argument differs, else from a look at the domain, else the two sizes alone. */
async function sentence(session: Session, old: Partial<Inputs>, inputs: Inputs): Promise<string> {
  const chosen = session.replacing.get(inputs.__urn);
  if (old.uuid === undefined) return chosen ?? creation(session, inputs);
  const changed = changedFields(old, inputs);
  const differs = MEMORY_FIELDS.some((name) => changed.includes(name));
  if (!differs && old.memoryPlan !== undefined) return old.memoryPlan;
  const desired = desiredMemory(inputs, session.defaults);
  if (desired === undefined) return "not known yet: live if possible";
  const look: LookupResult =
    inputs.uri === UNKNOWN ? { failed: "" } : await session.look(session.resolveUri(inputs.uri), inputs.uuid);
  if ("found" in look) {
    const { observed } = look.found;
    const stopping = inputs.running === false && observed.power !== "off";
    const balloonReleased = old.currentMemory !== undefined && inputs.currentMemory === undefined;
    const numaChanged = changed.includes("numa");
    return (
      planMemory(desired, observed, { stopping, numaChanged, balloonReleased }).headline ||
      `${formatSize(desired.memory)}: nothing to do`
    );
  }
  const before =
    old.memory === undefined || old.memory === UNKNOWN ? desired.memory : readCanonicalSize(old.memory);
  return formatChange(before, desired.memory);
}

function creation(session: Session, inputs: Inputs): string {
  const desired = desiredMemory(inputs, session.defaults);
  if (desired === undefined) return "not known yet";
  // The host isn't asked in a preview of a create: an architecture that isn't said is taken for one that can.
  const platform = platformOf(inputs, "");
  const { maxMemory } = ceilingFor(desired, platform);
  const why = desired.enabled ? pluggingReason(desired, platform)?.text : "hotplug.enabled is false";
  const room =
    maxMemory === undefined
      ? `without room to grow while it runs${why === undefined ? "" : ` (${why})`}`
      : desired.device === "virtio-mem"
        ? describeVirtioMemDevices(
            virtioMemFor(desired, cellsFor(desired, inputs.machine), { ...platform, devices: [] }),
          )
        : `room for ${maxMemory.slots} DIMMs, up to ${formatSize(maxMemory.size)}`;
  const { memory, currentMemory = memory } = desired;
  const balloon =
    currentMemory < memory ? `the balloon leaves ${formatSize(currentMemory)} of it` : undefined;
  return [`starts with ${formatSize(memory)}`, balloon, room, emptyNodeNote(desired, inputs.machine)]
    .filter(Boolean)
    .join("; ");
}

/** «a virtio-mem device of 7 GiB on node 0 to grow into, in steps of 2 MiB» */
function describeVirtioMemDevices(devices: VirtioMemSpec[]): string {
  const [first] = devices;
  if (first === undefined)
    return "without room for a virtio-mem device, which takes whole memory blocks of the guest";
  const each = devices.length === 1 ? "a virtio-mem device" : "virtio-mem devices";
  return `${each} of ${formatSize(first.size)} on node ${devices.map(({ node }) => node).join(", ")} to grow into, in steps of ${formatMib(first.block)}`;
}
