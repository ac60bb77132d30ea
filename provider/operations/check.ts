import { platformOf, virtioMemFor } from "../apply/domain-spec.ts";
import { checkInputs } from "../args/check-inputs.ts";
import type { Failure } from "../args/failure.ts";
import type { Inputs } from "../args/inputs.ts";
import { sayable } from "../args/secrecy.ts";
import { readCanonicalSize, sayMib, saySize, UNKNOWN } from "../args/size.ts";
import { contradictions } from "../domain/overlay.ts";
import type { VirtioMemSpec } from "../domain/spec.ts";
import { parseUri } from "../libvirt/uri.ts";
import { type Asked, askedMemory, MEMORY_FIELDS } from "../plan/asked.ts";
import { cellsFor, emptyNodeNote, emptyNodeRefusal } from "../plan/cells.ts";
import { changedFields } from "../plan/changed-fields.ts";
import { ceilingFor } from "../plan/definition.ts";
import { planMemory } from "../plan/memory.ts";
import { pluggingReason } from "../plan/platform.ts";
import { arrow } from "../plan/words.ts";
import type { Look, Session } from "../session.ts";
import { foreseeAdoption } from "./adopt.ts";
import { adoptionOf, ceilingInXml, isAdoption } from "./carried-over.ts";

/** Validates the arguments, fills in what is computed, and says what a change of the memory comes to. */
export async function check(
  session: Session,
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
): Promise<{ inputs: Partial<Inputs>; failures: Failure[] }> {
  const adoption = await adoptionOf(session, olds, news);
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
  if (all.length > 0) return { inputs, failures: all };
  if (isAdoption(session, olds, news)) {
    const { sentence, refusal } = await foreseeAdoption(session, inputs as Inputs);
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
  const asked = askedOf(session, inputs);
  if (asked === undefined || inputs.machine === UNKNOWN) return [];
  const refusal = emptyNodeRefusal(asked, inputs.machine);
  return refusal === undefined ? [] : [{ property: "numa", reason: sayable(refusal, inputs) }];
}

/** The memory that is asked for, where the arguments are complete and known. */
function askedOf(session: Session, inputs: Partial<Inputs>): Asked | undefined {
  return inputs.memory === undefined || inputs.maxMemory === undefined
    ? undefined
    : askedMemory(inputs as Inputs, session.defaults);
}

/** XML of the program's own may say nothing else than the arguments, and those that check filled in. */
function xmlFailures(session: Session, inputs: Partial<Inputs>, news: Record<string, unknown>): Failure[] {
  const { xml } = inputs;
  if (xml === undefined || xml === UNKNOWN) return [];
  const asked = askedOf(session, inputs);
  try {
    const said = contradictions(xml, {
      ...(asked && { memory: asked.memory, maxMemory: asked.maxMemory, memorySlots: asked.slots }),
      ...(asked?.currentMemory !== undefined && { currentMemory: asked.currentMemory }),
      ...(typeof news.name === "string" && news.name !== UNKNOWN && { name: news.name }),
      ...(typeof inputs.vcpus === "number" && { vcpus: inputs.vcpus }),
    });
    return said.map((reason) => ({ property: "xml", reason: sayable(reason, inputs) }));
  } catch (error) {
    return [{ property: "xml", reason: sayable((error as Error).message, inputs) }];
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
  const asked = askedMemory(inputs, session.defaults);
  if (asked === undefined) return "not known yet: live if possible";
  const look: Look =
    inputs.uri === UNKNOWN ? { failed: "" } : await session.look(session.resolveUri(inputs.uri), inputs.uuid);
  if ("found" in look) {
    const { observed } = look.found;
    const stopping = inputs.running === false && observed.power !== "off";
    const balloonReleased = old.currentMemory !== undefined && inputs.currentMemory === undefined;
    const numaChanged = changed.includes("numa");
    return (
      planMemory(asked, observed, { stopping, numaChanged, balloonReleased }).summary ||
      `${saySize(asked.memory)}: nothing to do`
    );
  }
  const before =
    old.memory === undefined || old.memory === UNKNOWN ? asked.memory : readCanonicalSize(old.memory);
  return arrow(before, asked.memory);
}

function creation(session: Session, inputs: Inputs): string {
  const asked = askedMemory(inputs, session.defaults);
  if (asked === undefined) return "not known yet";
  // The host isn't asked in a preview of a create: an architecture that isn't said is taken for one that can.
  const platform = platformOf(inputs, "");
  const { maxMemory } = ceilingFor(asked, platform);
  const why = asked.enabled ? pluggingReason(asked, platform) : "hotplug.enabled is false";
  const room =
    maxMemory === undefined
      ? `without room to grow while it runs${why === undefined ? "" : ` (${why})`}`
      : asked.device === "virtio-mem"
        ? sayDevices(virtioMemFor(asked, cellsFor(asked, inputs.machine), { ...platform, devices: [] }))
        : `room for ${maxMemory.slots} DIMMs, up to ${saySize(maxMemory.size)}`;
  const { memory, currentMemory = memory } = asked;
  const balloon = currentMemory < memory ? `the balloon leaves ${saySize(currentMemory)} of it` : undefined;
  return [`starts with ${saySize(memory)}`, balloon, room, emptyNodeNote(asked, inputs.machine)]
    .filter(Boolean)
    .join("; ");
}

/** «a virtio-mem device of 7 GiB on node 0 to grow into, in steps of 2 MiB» */
function sayDevices(devices: VirtioMemSpec[]): string {
  const [first] = devices;
  if (first === undefined)
    return "without room for a virtio-mem device, which takes whole memory blocks of the guest";
  const each = devices.length === 1 ? "a virtio-mem device" : "virtio-mem devices";
  return `${each} of ${saySize(first.size)} on node ${devices.map(({ node }) => node).join(", ")} to grow into, in steps of ${sayMib(first.block)}`;
}
