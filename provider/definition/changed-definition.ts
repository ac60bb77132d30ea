import { type FieldName, isField } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { isOnlyPassword, markedArguments, withWritten } from "../args/written-arguments.ts";
import { defined } from "../defined.ts";
import { editByDefinitions, editDefinition, setOwnership } from "../domain/edit.ts";
import { setMemory } from "../domain/memory.ts";
import type { Written } from "../domain/metadata.ts";
import { overlay } from "../domain/overlay.ts";
import { parseDomain, readDomainXml } from "../domain/parse.ts";
import { withFreePorts } from "../domain/ports.ts";
import { readDomain } from "../domain/read.ts";
import type { DomainSpec } from "../domain/spec.ts";
import type { ListDevice } from "../domain/state.ts";
import { serialise } from "../domain/tree.ts";
import { setVcpus } from "../domain/vcpus.ts";
import { keptIfUnnamed } from "../plan/changed-fields.ts";
import type { MemoryDefinition, VcpuDefinition } from "../plan/plan.ts";
import { readCanonicalSize } from "../units/size.ts";
import { differingFields } from "./differences.ts";
import { definitionXml } from "./domain-spec.ts";
import { specOf as partsOf, STORED_FIELDS } from "./parts.ts";
import { atTheirPlaces, placedDevices } from "./placed-devices.ts";
import type { DomainType } from "./platform.ts";

/** A change of an inactive definition. */
export interface DefinitionChange {
  /** Undefined: its memory stays. */
  definition?: MemoryDefinition;
  /** Undefined: its vCPUs stay. */
  vcpus?: VcpuDefinition;
  /** The arguments besides the memory and the vCPUs. */
  fields: FieldName[];
  /** The arguments as they were before, and as they are to be. */
  before: Inputs;
  news: Inputs;
  /** Disks and network interfaces that the running domain got before. */
  attached?: readonly ListDevice[];
  /** How many root ports are to be free after all devices. */
  hotplugPorts: number;
  /** The definition that arguments ask for. */
  specOf: (inputs: Inputs) => DomainSpec;
  type: DomainType;
  /** The domain was not created by this provider. */
  adopted: boolean;
}

/**
 * The inactive definition with the memory and every other argument that changes, and with the total in our mark. Everything
 * else is kept byte for byte, except where `xml` changes: then the definition is written from it.
 *
 * @param present with the secrets in it
 */
export function changedDefinition(present: string, recorded: DefinitionChange): string {
  const { definition, vcpus, fields, news } = recorded;
  const { writtenArguments, writtenImages } = readDomain(present);
  // What an interrupted update left is changed from that.
  const before = withWritten(recorded.before, news, writtenArguments);
  const change = { ...recorded, before };
  const isRewritten = fields.includes("xml") && before.xml !== news.xml;
  const changed = isRewritten ? rewritten(change) : fields.length > 0 ? withFields(present, change) : present;
  const sized = isRewritten || vcpus === undefined ? changed : withVcpus(changed, vcpus);
  const edited =
    sized === present && definition === undefined ? present : withFreePorts(sized, recorded.hotplugPorts);
  const others = (["currentMemory", "autostart"] as const).filter((name) => before[name] !== news[name]);
  const recordedFields = [...fields, ...others].filter((name) => !isOnlyPassword(name, before, news));
  const written = { arguments: markedArguments(writtenArguments, recordedFields, news) };
  if (isRewritten) {
    const whole = { ...written, total: readCanonicalSize(news.memory), made: writtenImages };
    return marked(edited, whole, news);
  }
  if (definition !== undefined)
    return marked(withMemory(edited, definition), { ...written, total: definition.memory }, news);
  // The default that is set and the one that isn't named are the same in the definition, but not in the mark.
  const isMarked = writtenArguments === undefined || written.arguments === writtenArguments;
  const isUnchanged = edited === present && before === recorded.before && isMarked;
  return isUnchanged ? present : marked(edited, written, news);
}

function rewritten({ news, specOf, type }: DefinitionChange): string {
  return definitionXml(news, specOf(news), type);
}

/**
 * What differs between the arguments before and now. What the program no longer names becomes its default, or what the
 * program's own XML has; in an adopted domain it stays.
 */
function withFields(present: string, change: DefinitionChange): string {
  const { fields, before, news, specOf, type, adopted, attached } = change;
  const named = withVcpusOf(news, adopted ? withoutUnnamed(before, news) : before);
  const places = placedDevices(readDomainXml(present), named, news, attached);
  const [was, wanted] = [
    { ...specOf(named), ...places.before },
    { ...specOf(news), ...places.after },
  ];
  const { cells: found } = readDomain(present);
  // Whoever changed the nodes meanwhile: the definition gets those of the program if it changes them.
  const isNuma = fields.includes("numa") && news.numa !== undefined;
  const areKept = news.numa === undefined || (!isNuma && found.length !== was.cells.length);
  if (news.xml !== undefined) {
    const whole = definitionXml(news, wanted, type);
    const edited = editByDefinitions(
      present,
      definitionXml(named, was, type),
      whole,
      areKept ? "kept" : isNuma ? "replaced" : "changed",
    );
    if (!fields.includes("vcpus")) return edited;
    const { vcpus: maximum, currentVcpus: current = maximum, topology } = readDomain(whole);
    return withVcpus(edited, { current, maximum, ...(topology && { topology }) });
  }
  const from = { ...was, ...(isNuma && { cells: found }) };
  const edited = editDefinition(present, from, areKept ? { ...wanted, keepsNodes: true } : wanted);
  return withNamed(edited, change, wanted);
}

/**
 * What the program names now and didn't before, with the same value as its default: the definition may have another one, which
 * somebody else set.
 */
function withNamed(edited: string, { fields, news }: DefinitionChange, wanted: DomainSpec): string {
  const { name, uuid } = readDomain(edited);
  const differing = differingFields(edited, news, { ...wanted, name, uuid });
  const missed = STORED_FIELDS.filter((field) => fields.includes(field) && differing.includes(field));
  if (missed.length === 0) return edited;
  const parts = partsOf(missed, news, wanted);
  return overlay(edited, { name, uuid, ...atTheirPlaces(edited, parts, news) });
}

/** The vCPUs are set as a whole, and make no difference of two definitions. */
function withVcpusOf({ vcpus, maxVcpus, cpuTopology }: Inputs, inputs: Inputs): Inputs {
  const { vcpus: _1, maxVcpus: _2, cpuTopology: _3, ...rest } = inputs;
  return { ...rest, ...defined({ vcpus, maxVcpus, cpuTopology }) };
}

function withVcpus(xml: string, vcpus: VcpuDefinition): string {
  const document = parseDomain(xml);
  setVcpus(document.root, vcpus);
  return serialise(document);
}

function withoutUnnamed(before: Inputs, news: Inputs): Inputs {
  const kept = Object.entries(before).filter(([name]) => !(isField(name) && keptIfUnnamed(name, news)));
  return Object.fromEntries(kept) as unknown as Inputs;
}

function withMemory(xml: string, definition: MemoryDefinition): string {
  return setMemory(xml, {
    cells: definition.cells.map(({ memory }) => memory),
    total: definition.memory,
    currentMemory: definition.currentMemory ?? definition.memory,
    maxMemory: definition.maxMemory ?? null,
    removeAliases: definition.removeAliases,
    virtioMem: definition.virtioMem ?? [],
  });
}

/** What we wrote last: what an interrupted update leaves is known by it as ours. */
function marked(xml: string, written: Written, { __urn: urn }: Inputs): string {
  return setOwnership(xml, readDomain(xml).ownership ?? { version: 1, urn, creating: false }, written);
}
