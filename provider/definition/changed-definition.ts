import type { FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { editDefinition, setOwnership } from "../domain/edit.ts";
import { setMemory } from "../domain/memory.ts";
import { parseDomain } from "../domain/parse.ts";
import { readCells, readDomain } from "../domain/read.ts";
import type { MemoryDefinition } from "../plan/plan.ts";
import type { Kib } from "../units/kib.ts";
import { definitionXml } from "./domain-spec.ts";
import { type EditContext, editedDefinition } from "./edited-definition.ts";

/** A change of an inactive definition. */
export interface DefinitionChange extends EditContext {
  /** Undefined: its memory stays. */
  definition?: MemoryDefinition;
  /** The arguments besides the memory. */
  fields: FieldName[];
  /** The arguments as they were before, and as they are to be. */
  before: Inputs;
  news: Inputs;
}

/**
 * The inactive definition with the memory and every other argument that changes, and with the total in our mark. Everything
 * else is kept byte for byte, except where `xml` changes: then the definition is written from it.
 *
 * @param present with the secrets in it
 */
export function changedDefinition(present: string, change: DefinitionChange): string {
  const { definition, fields, before, news, adopted } = change;
  const isDropped = adopted && news.xml === undefined;
  const isRewritten = fields.includes("xml") && before.xml !== news.xml && !isDropped;
  const edited = isRewritten ? rewritten(change) : fields.length > 0 ? withFields(present, change) : present;
  if (isRewritten) return marked(edited, readDomain(edited).memory, news);
  return definition === undefined ? edited : marked(withMemory(edited, definition), definition.memory, news);
}

function rewritten({ news, specOf, type }: DefinitionChange): string {
  return definitionXml(news, specOf(news), type);
}

/** What differs between the arguments before and now. */
function withFields(present: string, change: DefinitionChange): string {
  const { fields, before, news, specOf } = change;
  // Whoever changed the nodes meanwhile: the definition gets those of the program.
  if (news.xml === undefined && fields.includes("numa") && news.numa !== undefined) {
    const found = readCells(parseDomain(present).root);
    return editDefinition(present, { ...specOf(before), cells: found }, specOf(news));
  }
  return editedDefinition(present, { before, news }, change);
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

/** The total that we wrote last: what an interrupted update leaves is known by it as ours. */
function marked(xml: string, total: Kib, { __urn: urn }: Inputs): string {
  const owner = readDomain(xml).ownership ?? { version: 1, urn, creating: false };
  return setOwnership(xml, { ...owner, total });
}
